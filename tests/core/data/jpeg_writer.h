#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <vector>
// jpeglib.h wants the types of stdio.h before it.
#include <jpeglib.h>

/// Writes rows x columns x components bytes as a JPEG file of the highest quality: 1 component is grey, 3 RGB, 4 CMYK.
inline void writeJpeg(const std::filesystem::path& file, const std::vector<uint8_t>& bytes, int height, int width, int components) {
    std::filesystem::create_directories(file.parent_path());
    jpeg_compress_struct encoder{};
    jpeg_error_mgr errors{};
    encoder.err = jpeg_std_error(&errors);
    jpeg_create_compress(&encoder);
    std::FILE* out = std::fopen(file.c_str(), "wb");
    jpeg_stdio_dest(&encoder, out);
    encoder.image_width = static_cast<unsigned>(width);
    encoder.image_height = static_cast<unsigned>(height);
    encoder.input_components = components;
    encoder.in_color_space = components == 1 ? JCS_GRAYSCALE : components == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&encoder);
    jpeg_set_quality(&encoder, 100, TRUE);
    for (int c = 0; c < encoder.num_components; ++c) encoder.comp_info[c].h_samp_factor = encoder.comp_info[c].v_samp_factor = 1;
    jpeg_start_compress(&encoder, TRUE);
    while (encoder.next_scanline < encoder.image_height) {
        auto row = const_cast<JSAMPROW>(bytes.data() + static_cast<size_t>(encoder.next_scanline) * width * components);
        jpeg_write_scanlines(&encoder, &row, 1);
    }
    jpeg_finish_compress(&encoder);
    jpeg_destroy_compress(&encoder);
    std::fclose(out);
}

/// A picture of one colour.
inline void writeFlatJpeg(const std::filesystem::path& file, int height, int width, std::vector<uint8_t> colour) {
    std::vector<uint8_t> bytes;
    for (int i = 0; i < height * width; ++i) bytes.insert(bytes.end(), colour.begin(), colour.end());
    writeJpeg(file, bytes, height, width, static_cast<int>(colour.size()));
}
