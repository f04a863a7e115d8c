#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "core/base/error.h"
#include "core/data/batches.h"
#include "core/data/cifar.h"
#include "core/data/shapes.h"
#include "core/data/source.h"

using namespace dna;

namespace {

std::filesystem::path folderWith(const std::string& name, const std::string& file, const std::string& bytes) {
    const auto folder = std::filesystem::temp_directory_path() / name;
    std::filesystem::create_directories(folder);
    std::ofstream(folder / file, std::ios::binary) << bytes;
    return folder;
}

std::string record(char label, char pixel) { return std::string(1, label) + std::string(3072, pixel); }

std::string messageOf(const std::filesystem::path& file, const data::CifarFormat& format = data::kCifar10) {
    try {
        data::readCifarFile(file, format);
    } catch (const base::InputError& error) {
        return error.what();
    }
    return {};
}

data::Source cifar10(const std::filesystem::path& folder, int training = 0) {
    data::Source source = data::sourceNamed("cifar10");
    source.folder = folder;
    source.training = training;
    return source;
}

}  // namespace

TEST_CASE("cifar10: records, order of the files, limits") {
    const auto folder = folderWith("dna_cifar_ok", "data_batch_2.bin", record(7, 1));
    folderWith("dna_cifar_ok", "data_batch_1.bin", record(3, 9) + record(4, 8));
    folderWith("dna_cifar_ok", "test_batch.bin", record(1, 2));
    const auto training = data::openTraining(cifar10(folder));
    REQUIRE(training->count() == 3);
    CHECK(training->label(0) == 3);
    CHECK(training->label(1) == 4);
    CHECK(training->label(2) == 7);
    std::vector<uint8_t> bytes(training->pictureBytes());
    training->read(2, bytes.data());
    CHECK(bytes[3071] == 1);
    CHECK(data::openTraining(cifar10(folder, 2))->count() == 2);
    CHECK(data::openTest(cifar10(folder))->count() == 1);
    CHECK(data::sourceOf(folder.string()).name == "cifar10");
    CHECK_THROWS_WITH_AS(data::openTraining(cifar10(folder, 4)), doctest::Contains("expected at least 4 pictures, found 3"),
                         base::InputError);
    CHECK_THROWS_WITH_AS(data::openTraining(cifar10(folder, 1)), doctest::Contains("at least 2 classes"), base::InputError);
}

TEST_CASE("cifar10: broken files are refused with the byte offset") {
    const auto folder = folderWith("dna_cifar_bad", "short.bin", record(3, 9) + "abc");
    folderWith("dna_cifar_bad", "label.bin", record(3, 9) + record(11, 0) + record(12, 0));
    folderWith("dna_cifar_bad", "empty.bin", "");
    CHECK(messageOf(folder / "short.bin").find("byte 3073: expected a record of 3073 bytes, found 3") !=
          std::string::npos);
    const std::string label = messageOf(folder / "label.bin");
    CHECK(label.find("byte 3073: expected a label in [0, 9], found 11") != std::string::npos);
    CHECK(label.find("byte 6146") != std::string::npos);
    CHECK(messageOf(folder / "empty.bin").find("empty file") != std::string::npos);
    CHECK_THROWS_AS(data::readCifarFile(folder / "missing.bin", data::kCifar10), base::InputError);
    CHECK_THROWS_WITH_AS(data::openTraining(cifar10(folder)), doctest::Contains("data_batch_*.bin"), base::InputError);
    CHECK_THROWS_WITH_AS(data::sourceOf("no-such-folder"), doctest::Contains("--data"), base::InputError);
    CHECK_THROWS_WITH_AS(data::sourceOf(folder.string()), doctest::Contains("holds no data set"), base::InputError);
}

TEST_CASE("cifar100: shapes of 100 classes written in its format come back the same") {
    data::ShapesOptions options;
    options.classes = 100;
    const auto shapes = data::makeShapes(1, data::Part::Training, 200, options);
    std::string bytes;
    for (int i = 0; i < shapes.count(); ++i) {
        bytes += static_cast<char>(shapes.label(i) / 5);
        bytes += static_cast<char>(shapes.label(i));
        bytes.append(reinterpret_cast<const char*>(shapes.picture(i)), shapes.pictureBytes());
    }
    CHECK(bytes.size() == 200 * 3074);
    const auto folder = folderWith("dna_cifar100_ok", "train.bin", bytes);
    folderWith("dna_cifar100_ok", "test.bin", bytes.substr(0, 3074 * 100));
    const data::Source source = data::sourceOf(folder.string());
    CHECK(source.name == "cifar100");
    const auto read = data::openTraining(source);
    CHECK(read->classes == 100);
    CHECK(data::classesPresent(*read) == 100);
    const auto loaded = data::load(*read, 200, 2);
    CHECK(loaded.labels == shapes.labels);
    CHECK(loaded.bytes == shapes.bytes);
    CHECK(data::openTest(source)->count() == 100);

    folderWith("dna_cifar100_ok", "bad.bin", "\x13\x05" + std::string(3072, 1) + "\x14\x64" + std::string(3072, 1));
    const std::string label = messageOf(folder / "bad.bin", data::kCifar100);
    CHECK(label.find("byte 3074: expected a coarse label in [0, 19], found 20") != std::string::npos);
    CHECK(label.find("byte 3075: expected a label in [0, 99], found 100") != std::string::npos);
    folderWith("dna_cifar100_ok", "ten.bin", record(3, 9) + record(4, 9));
    CHECK(messageOf(folder / "ten.bin", data::kCifar100).find("CIFAR-10?") != std::string::npos);
}

TEST_CASE("shapes: a prefix of the same series, classes in equal numbers, seeds and parts differ") {
    const auto few = data::makeShapes(1, data::Part::Training, 30),
               more = data::makeShapes(1, data::Part::Training, 50);
    CHECK(std::equal(few.bytes.begin(), few.bytes.end(), more.bytes.begin()));
    for (int c = 0; c < 10; ++c) CHECK(std::count(few.labels.begin(), few.labels.end(), c) == 3);
    CHECK(few.bytes != data::makeShapes(2, data::Part::Training, 30).bytes);
    CHECK(few.bytes != data::makeShapes(1, data::Part::Test, 30).bytes);
    CHECK(data::shapeNames().size() == 10);
}

TEST_CASE("normalisation: mean and deviation by hand") {
    data::Pictures pictures;
    pictures.labels = {0, 1};
    pictures.bytes.assign(2 * 3072, 10);
    std::fill(pictures.bytes.begin() + 3072, pictures.bytes.begin() + 3072 + 1024, 30);  // red of the second picture
    autodiff::Workers workers(2);
    const auto n = data::measureNormalization(pictures, workers);
    CHECK(n.mean[0] == doctest::Approx(20));
    CHECK(n.deviation[0] == doctest::Approx(10));
    CHECK(n.mean[1] == doctest::Approx(10));
    CHECK(n.deviation[1] == doctest::Approx(1));  // a flat colour doesn't divide by zero
}

TEST_CASE("augmentation: crop and flip move pixels as said, outside is the mean") {
    data::Pictures pictures;
    pictures.labels = {0};
    pictures.bytes.resize(3072);
    for (int i = 0; i < 3072; ++i) pictures.bytes[i] = static_cast<uint8_t>(i % 251);
    const data::Normalization identity{{0, 0, 0}, {1, 1, 1}};
    std::vector<float> out(3072);
    data::writeNormalized(pictures.picture(0), pictures, {2, -1, true}, identity, out.data(), 1, 1024);
    CHECK(out[5] == 0.0f);  // row 0 comes from row -1
    CHECK(out[32 * 4 + 7] == pictures.bytes[32 * 3 + (31 - 7 + 2)]);
    CHECK(out[1024 + 32 * 4] == 0.0f);  // column 31 + 2 is outside
    const auto order = data::shuffledOrder(5, "test", 3, 100);
    auto sorted = order;
    std::sort(sorted.begin(), sorted.end());
    for (int i = 0; i < 100; ++i) CHECK(sorted[i] == i);
    CHECK(order == data::shuffledOrder(5, "test", 3, 100));
    CHECK(order != data::shuffledOrder(5, "test", 4, 100));
}
