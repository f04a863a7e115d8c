// JPEG files by libjpeg-turbo. The library reports errors by calling a function that may not return; here it jumps back
// (setjmp) into functions whose frames hold nothing that wants a destructor.

#include "core/data/jpeg.h"

#include <fmt/format.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <memory>
// jpeglib.h wants the types of stdio.h before it.
#include <jerror.h>
#include <jpeglib.h>

#include "core/base/error.h"
#include "core/base/file.h"

namespace dna::data {
namespace {

constexpr int64_t kMostPixels = int64_t{1} << 27;  // 134 million: a picture that claims more is refused

struct ErrorHandler {
    jpeg_error_mgr manager;  // first: libjpeg knows this part only
    std::jmp_buf back;
    char message[JMSG_LENGTH_MAX];
    bool damaged;  // a warning that pixels are missing or wrong
};

ErrorHandler& handlerOf(j_common_ptr info) { return *reinterpret_cast<ErrorHandler*>(info->err); }

[[noreturn]] void onError(j_common_ptr info) {
    ErrorHandler& handler = handlerOf(info);
    info->err->format_message(info, handler.message);
    std::longjmp(handler.back, 1);
}

/// Warnings (level -1) say that data is damaged; of them only stray bytes before a marker leave the pixels whole.
void onMessage(j_common_ptr info, int level) {
    ErrorHandler& handler = handlerOf(info);
    if (level >= 0 || info->err->msg_code == JWRN_EXTRANEOUS_DATA || handler.damaged) return;
    handler.damaged = true;
    info->err->format_message(info, handler.message);
}

void installHandler(jpeg_decompress_struct& decoder, ErrorHandler& handler) {
    decoder.err = jpeg_std_error(&handler.manager);
    handler.manager.error_exit = onError;
    handler.manager.emit_message = onMessage;
    handler.damaged = false;
    handler.message[0] = 0;
}

/// Decoder of one picture, closed with its scope.
struct Decoder {
    jpeg_decompress_struct state{};
    ErrorHandler errors{};

    Decoder() {
        installHandler(state, errors);
        if (setjmp(errors.back) == 0) jpeg_create_decompress(&state);
    }
    ~Decoder() { jpeg_destroy_decompress(&state); }
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;
};

bool readHeader(Decoder& decoder, std::FILE* file) {
    if (setjmp(decoder.errors.back) != 0) return false;
    jpeg_stdio_src(&decoder.state, file);
    return jpeg_read_header(&decoder.state, TRUE) == JPEG_HEADER_OK;
}

bool readHeader(Decoder& decoder, const std::string& content) {
    if (setjmp(decoder.errors.back) != 0) return false;
    jpeg_mem_src(&decoder.state, reinterpret_cast<const unsigned char*>(content.data()), content.size());
    return jpeg_read_header(&decoder.state, TRUE) == JPEG_HEADER_OK;
}

/// Sets the decoded size to 1/`divisor` of the picture.
bool start(Decoder& decoder, int divisor) {
    if (setjmp(decoder.errors.back) != 0) return false;
    decoder.state.out_color_space = JCS_RGB;
    decoder.state.scale_num = 1;
    decoder.state.scale_denom = static_cast<unsigned>(divisor);
    return jpeg_start_decompress(&decoder.state) == TRUE;
}

bool readRows(Decoder& decoder, uint8_t* bytes) {
    if (setjmp(decoder.errors.back) != 0) return false;
    while (decoder.state.output_scanline < decoder.state.output_height) {
        JSAMPROW row = bytes + size_t{decoder.state.output_scanline} * decoder.state.output_width * 3;
        jpeg_read_scanlines(&decoder.state, &row, 1);
    }
    return jpeg_finish_decompress(&decoder.state) == TRUE;
}

/// Why a picture whose header was read is not for us; empty when it is.
std::string refusal(const jpeg_decompress_struct& header) {
    const auto size = int64_t{header.image_width} * header.image_height;
    if (header.jpeg_color_space == JCS_CMYK || header.jpeg_color_space == JCS_YCCK)
        return "CMYK picture: expected RGB or grey; convert it";
    if (header.num_components != 1 && header.num_components != 3)
        return fmt::format("expected 1 or 3 colour components, found {}", header.num_components);
    if (size > kMostPixels)
        return fmt::format("expected at most {} pixels, found {} x {}", kMostPixels, header.image_width,
                           header.image_height);
    return {};
}

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

/// Whether the end marker is among the last bytes (some writers leave bytes behind it).
bool hasEndMarker(std::FILE* file) {
    char last[1024];
    std::fseek(file, 0, SEEK_END);
    std::fseek(file, -std::min<long>(std::ftell(file), sizeof last), SEEK_CUR);
    const size_t count = std::fread(last, 1, sizeof last, file);
    return std::string_view(last, count).find("\xff\xd9") != std::string_view::npos;
}

}  // namespace

JpegInfo inspectJpeg(const std::filesystem::path& name) {
    JpegInfo info;
    const File file(std::fopen(name.c_str(), "rb"), std::fclose);
    if (!file) {
        info.problem = fmt::format("can't be read: {}", std::strerror(errno));
        return info;
    }
    unsigned char first[2];
    const size_t read = std::fread(first, 1, 2, file.get());
    if (read == 2 && (first[0] != 0xff || first[1] != 0xd8)) {
        info.problem = "expected a JPEG file (FF D8 at its beginning), found " +
                       (first[0] == 0x89 && first[1] == 'P' ? std::string("a PNG file")
                                                            : fmt::format("{:02X} {:02X}", first[0], first[1]));
        return info;
    }
    info.truncated = read < 2 || !hasEndMarker(file.get());
    std::rewind(file.get());
    Decoder decoder;
    if (!readHeader(decoder, file.get())) {
        if (!info.truncated) info.problem = fmt::format("corrupt JPEG header: {}", decoder.errors.message);
        return info;
    }
    info.width = static_cast<int>(decoder.state.image_width);
    info.height = static_cast<int>(decoder.state.image_height);
    info.problem = refusal(decoder.state);
    return info;
}

RgbImage decodeJpeg(const std::filesystem::path& file, CropBox& crop, int wanted) {
    const std::string content = base::readFile(file);
    Decoder decoder;
    const auto fail = [&](const std::string& problem) { throw base::InputError(file.string(), "", problem); };
    if (!readHeader(decoder, content)) fail(fmt::format("corrupt JPEG: {}", decoder.errors.message));
    if (const std::string problem = refusal(decoder.state); !problem.empty()) fail(problem);
    int divisor = 1;
    while (divisor < 8 && std::min(crop.width, crop.height) >= 2.0 * divisor * wanted) divisor *= 2;
    if (!start(decoder, divisor)) fail(fmt::format("corrupt JPEG: {}", decoder.errors.message));
    RgbImage image;
    image.width = static_cast<int>(decoder.state.output_width);
    image.height = static_cast<int>(decoder.state.output_height);
    image.bytes.resize(static_cast<size_t>(image.width) * static_cast<size_t>(image.height) * 3);
    if (!readRows(decoder, image.bytes.data()) || decoder.errors.damaged)
        fail(fmt::format("corrupt JPEG: {}", decoder.errors.message));
    crop = {crop.x / divisor, crop.y / divisor, crop.width / divisor, crop.height / divisor};
    return image;
}

}  // namespace dna::data
