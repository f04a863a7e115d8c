#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/data/jpeg.h"
#include "core/data/jpeg_folder.h"
#include "core/data/normalization.h"
#include "core/data/pictures.h"
#include "core/data/source.h"
#include "tests/core/data/jpeg_writer.h"

using namespace dna;
namespace fs = std::filesystem;

namespace {

/// Two classes in both splits, two pictures each, of odd sizes; one is grey.
fs::path smallSet(const std::string& name) {
    const fs::path folder = fs::temp_directory_path() / name;
    fs::remove_all(folder);
    for (const char* split : {"train", "val"}) {
        writeFlatJpeg(folder / split / "apple" / "0.jpg", 17, 31, {200, 40, 90});
        writeFlatJpeg(folder / split / "apple" / "1.JPEG", 64, 64, {10, 250, 30});
        writeFlatJpeg(folder / split / "pear" / "0.jpeg", 33, 20, {77});
        writeFlatJpeg(folder / split / "pear" / "1.jpg", 500, 40, {60, 70, 80});
    }
    return folder;
}

data::Source sourceOf(const fs::path& folder, int size = 16, bool strict = false) {
    data::Source source = data::sourceOf(folder.string());
    source.options["size"] = size;
    source.options["strict"] = strict;
    return source;
}

std::string messageOf(const data::Source& source) {
    try {
        data::openTraining(source);
    } catch (const base::InputError& error) {
        return error.what();
    }
    return {};
}

void shorten(const fs::path& file, double share) {
    const std::string content = base::readFile(file);
    std::ofstream(file, std::ios::binary) << content.substr(0, static_cast<size_t>(share * static_cast<double>(content.size())));
}

}  // namespace

TEST_CASE("resample: by hand, shrinking, growing and beside the edge") {
    const data::RgbImage ramp{1, 4, {0, 0, 0, 100, 0, 0, 200, 0, 0, 40, 0, 0}};
    uint8_t out[3 * 2 * 2];
    // Triangle of radius 2 around x = 1 over pixel centres 0.5, 1.5, 2.5 and the first pixel again at -0.5:
    // (0.75 * 0 + 0.75 * 100 + 0.25 * 200 + 0.25 * 0) / 2 = 62.5.
    data::resample(ramp, {0, 0, 4, 1}, 2, out);
    CHECK(static_cast<int>(out[0]) == 63);
    // (0.75 * 200 + 0.75 * 40 + 0.25 * 100 + 0.25 * 40) / 2 = 107.5.
    CHECK(static_cast<int>(out[1]) == 108);
    CHECK(out[4] == 0);
    // Growing: pixel pairs of 0.5: centres at 1.25 and 1.75 lie between pixel centres 0.5, 1.5 and 1.5, 2.5.
    data::resample(ramp, {1, 0, 1, 1}, 2, out);
    CHECK(static_cast<int>(out[0]) == 75);
    CHECK(static_cast<int>(out[1]) == 125);
}

TEST_CASE("jpeg folder: labels by name, grey expanded, sizes made equal, the same by any number of threads") {
    const fs::path folder = smallSet("dna_jpeg_ok");
    const auto set = data::openTraining(sourceOf(folder));
    REQUIRE(set->count() == 4);
    CHECK(set->classes == 2);
    CHECK(set->height == 16);
    std::vector<uint8_t> bytes(set->pictureBytes());
    int grey = 0;
    for (int i = 0; i < 4; ++i) {
        set->read(i, bytes.data());
        if (std::abs(bytes[0] - 77) <= 2) {
            ++grey;
            CHECK(set->label(i) == 1);
            for (const uint8_t value : bytes) CHECK(std::abs(value - 77) <= 2);
        }
    }
    CHECK(grey == 1);
    const auto one = data::load(*set, 4, 1), two = data::load(*set, 4, 2);
    CHECK(one.bytes == two.bytes);
    autodiff::Workers workers(2);
    // Mean of red over the four pictures: (200 + 10 + 77 + 60) / 4 = 86.75, up to JPEG's rounding.
    CHECK(std::abs(data::measureNormalization(*set, workers).mean[0] - 86.75f) < 2);
    CHECK(data::openTest(sourceOf(folder))->count() == 4);
}

TEST_CASE("jpeg folder: random crops are drawn by key, flips are asked for, and a crop stays inside") {
    const fs::path folder = fs::temp_directory_path() / "dna_jpeg_crop";
    fs::remove_all(folder);
    // Red grows to the right, green downwards.
    std::vector<uint8_t> bytes;
    for (int y = 0; y < 60; ++y)
        for (int x = 0; x < 80; ++x) bytes.insert(bytes.end(), {static_cast<uint8_t>(3 * x), static_cast<uint8_t>(4 * y), 0});
    writeJpeg(folder / "train" / "a" / "0.jpg", bytes, 60, 80, 3);
    const data::JpegFolder set(folder / "train", {.size = 8, .strict = false, .limit = 0, .threads = 1});
    std::vector<uint8_t> first(set.pictureBytes()), again(first), other(first);
    const auto draw = [&](uint64_t step, std::vector<uint8_t>& to) {
        base::Rng rng(7, "test", step);
        return set.readAugmented(0, rng, to.data());
    };
    int flips = 0, differ = 0;
    for (uint64_t step = 0; step < 40; ++step) {
        flips += draw(step, first).flip;
        draw(step, again);
        CHECK(first == again);
        draw(step + 1, other);
        differ += first != other;
        CHECK(first[7] > first[0]);                // red still grows to the right: a flip is only asked for
        CHECK(first[64 + 8 * 7] > first[64]);      // green downwards
        CHECK(static_cast<int>(first[7]) <= 240);  // 3 * 79 and rounding
    }
    CHECK(flips > 8);
    CHECK(flips < 32);
    CHECK(differ == 40);
}

TEST_CASE("jpeg: a large picture is decoded small, and looks the same") {
    const fs::path file = fs::temp_directory_path() / "dna_jpeg_large" / "x.jpg";
    std::vector<uint8_t> bytes;
    for (int y = 0; y < 512; ++y)
        for (int x = 0; x < 512; ++x) bytes.insert(bytes.end(), {static_cast<uint8_t>(x / 2), static_cast<uint8_t>(y / 2), 128});
    writeJpeg(file, bytes, 512, 512, 3);
    data::CropBox whole{0, 0, 512, 512}, crop{0, 0, 512, 512};
    const data::RgbImage large = data::decodeJpeg(file, whole, 400), small = data::decodeJpeg(file, crop, 64);
    CHECK(large.width == 512);
    CHECK(small.width == 64);
    CHECK(crop.width == 64);
    std::vector<uint8_t> a(3 * 64 * 64), b(a);
    data::resample(large, whole, 64, a.data());
    data::resample(small, crop, 64, b.data());
    for (size_t i = 0; i < a.size(); ++i) CHECK(std::abs(a[i] - b[i]) <= 3);
}

TEST_CASE("jpeg folder: what can't be used is listed by file") {
    SUBCASE("CMYK, PNG, no JPEG, a damaged header: all of them at once") {
        const fs::path folder = smallSet("dna_jpeg_bad");
        writeFlatJpeg(folder / "train" / "apple" / "cmyk.jpg", 16, 16, {1, 2, 3, 4});
        std::ofstream(folder / "train" / "apple" / "png.jpg", std::ios::binary) << "\x89PNG\r\n\x1a\n";
        std::ofstream(folder / "train" / "pear" / "text.jpg", std::ios::binary) << "hello";
        std::ofstream(folder / "train" / "pear" / "header.jpg", std::ios::binary) << "\xff\xd8\xff\xc0 nonsense \xff\xd9";
        const std::string message = messageOf(sourceOf(folder));
        CHECK(message.find("cmyk.jpg: CMYK picture") != std::string::npos);
        CHECK(message.find("png.jpg: expected a JPEG file (FF D8 at its beginning), found a PNG file") != std::string::npos);
        CHECK(message.find("text.jpg: expected a JPEG file (FF D8 at its beginning), found 68 65") != std::string::npos);
        CHECK(message.find("header.jpg: corrupt JPEG header") != std::string::npos);
    }
    SUBCASE("truncated files are skipped with their number, or refused") {
        const fs::path folder = smallSet("dna_jpeg_short");
        shorten(folder / "train" / "apple" / "1.JPEG", 0.7);
        shorten(folder / "train" / "pear" / "1.jpg", 0.01);
        std::ofstream(folder / "train" / "pear" / "empty.jpg", std::ios::binary) << "";
        const auto set = data::openTraining(sourceOf(folder));
        CHECK(set->count() == 2);
        REQUIRE(set->remarks().size() == 1);
        CHECK(set->remarks()[0].find("3 truncated files skipped: apple/1.JPEG, pear/1.jpg, pear/empty.jpg") != std::string::npos);
        const std::string message = messageOf(sourceOf(folder, 16, true));
        CHECK(message.find("apple/1.JPEG: truncated JPEG") != std::string::npos);
        CHECK(message.find("pear/1.jpg: truncated JPEG") != std::string::npos);
        shorten(folder / "train" / "pear" / "0.jpeg", 0.5);
        CHECK(messageOf(sourceOf(folder)).find("pear: all its files are truncated") != std::string::npos);
    }
    SUBCASE("pixels damaged between header and end are found when they are decoded") {
        const fs::path folder = smallSet("dna_jpeg_damaged");
        const fs::path file = folder / "train" / "pear" / "1.jpg";
        std::string content = base::readFile(file);
        content = content.substr(0, content.size() * 3 / 4) + "\xff\xd9";
        std::ofstream(file, std::ios::binary) << content;
        const auto set = data::openTraining(sourceOf(folder));
        CHECK(set->count() == 4);
        autodiff::Workers workers(1);
        CHECK_THROWS_WITH_AS(data::measureNormalization(*set, workers), doctest::Contains("pear/1.jpg: corrupt JPEG"), base::InputError);
    }
    SUBCASE("a size of no use") {
        CHECK(messageOf(sourceOf(smallSet("dna_jpeg_size"), 7)).find("/size: expected 0 (what the network reads) or at least 8, found 7") != std::string::npos);
    }
    SUBCASE("empty classes, one class, splits that differ, no splits") {
        const fs::path folder = smallSet("dna_jpeg_classes");
        fs::create_directories(folder / "train" / "kiwi");
        CHECK(messageOf(sourceOf(folder)).find("kiwi: class folder is missing here") != std::string::npos);
        fs::create_directories(folder / "val" / "kiwi");
        std::ofstream(folder / "train" / "kiwi" / "readme.txt") << "no picture";
        CHECK(messageOf(sourceOf(folder)).find("kiwi: expected .jpg or .jpeg files, found none") != std::string::npos);
        for (const char* split : {"train", "val"}) {
            fs::remove_all(folder / split / "kiwi");
            fs::remove_all(folder / split / "pear");
        }
        CHECK(messageOf(sourceOf(folder)).find("expected pictures of at least 2 classes") != std::string::npos);
        fs::remove_all(folder / "val");
        CHECK(messageOf(sourceOf(folder)).find("val: folder not found") != std::string::npos);
    }
}

TEST_CASE("jpeg: files broken at random are decoded or refused by name, whatever is broken") {
    const fs::path folder = fs::temp_directory_path() / "dna_jpeg_mutated";
    fs::remove_all(folder);
    const fs::path file = folder / "x.jpg";
    std::vector<uint8_t> bytes;
    base::Rng rng(11, "mutations");
    for (int i = 0; i < 24 * 40 * 3; ++i) bytes.push_back(static_cast<uint8_t>(rng.below(256)));
    writeJpeg(file, bytes, 24, 40, 3);
    const std::string whole = base::readFile(file);
    int refused = 0, decoded = 0;
    for (int i = 0; i < 400; ++i) {
        std::string broken = whole;
        for (uint64_t changes = 1 + rng.below(6); changes > 0; --changes)
            broken[rng.below(i % 2 == 0 ? 700 : broken.size())] = static_cast<char>(rng.below(256));
        if (rng.below(4) == 0) broken.resize(rng.below(broken.size()));
        std::ofstream(file, std::ios::binary | std::ios::trunc) << broken;
        const data::JpegInfo info = data::inspectJpeg(file);
        try {
            data::CropBox crop{0, 0, 40, 24};
            const data::RgbImage image = data::decodeJpeg(file, crop, 16);
            std::vector<uint8_t> out(3 * 16 * 16);
            data::resample(image, crop, 16, out.data());
            ++decoded;
            CHECK(info.problem.empty());
        } catch (const base::InputError& error) {
            CHECK(std::string(error.what()).find("x.jpg: ") != std::string::npos);
            ++refused;
        }
    }
    CHECK(refused > 100);
    CHECK(decoded > 20);
}
