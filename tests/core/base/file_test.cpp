#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "core/base/error.h"
#include "core/base/file.h"

using namespace dna::base;
namespace fs = std::filesystem;

namespace {

struct TemporaryFolder {
    fs::path path = fs::temp_directory_path() / ("dna-file-test-" + std::to_string(::getpid()));
    TemporaryFolder() { fs::create_directories(path); }
    ~TemporaryFolder() { fs::remove_all(path); }
    int entries() const { return static_cast<int>(std::distance(fs::directory_iterator(path), {})); }
};

}  // namespace

TEST_CASE("sha256: the vectors of FIPS 180-4") {
    CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(sha256(std::string(1000000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("file: an atomic write replaces the old content and leaves nothing else") {
    const TemporaryFolder folder;
    const fs::path file = folder.path / "a.txt";
    writeFileAtomic(file, "one");
    writeFileAtomic(file, std::string("t\0wo", 4));
    CHECK(readFile(file) == std::string("t\0wo", 4));
    appendLine(file, "end");
    CHECK(readFile(file) == std::string("t\0woend\n", 8));
    CHECK(folder.entries() == 1);
}

TEST_CASE("file: failures name file and reason and leave nothing behind") {
    const TemporaryFolder folder;
    CHECK_THROWS_WITH_AS(readFile(folder.path / "none"), (folder.path / "none: cannot be read: No such file or directory").c_str(),
                         InputError);
    CHECK_THROWS_AS(readFile(folder.path), InputError);
    CHECK_THROWS_AS(writeFileAtomic(folder.path / "none" / "a", "x"), ToolError);
    CHECK_THROWS_AS(writeFileAtomic(folder.path, "x"), ToolError);
    CHECK_THROWS_AS(appendLine("/dev/full", "x"), ToolError);
    writeFileAtomic(folder.path / "f", "x");
    CHECK_THROWS_AS(makeFolder(folder.path / "f"), ToolError);
    CHECK_THROWS_AS(makeFolder(folder.path / "f" / "g"), ToolError);
    makeFolder(folder.path / "g" / "h");
    makeFolder(folder.path / "g" / "h");
    CHECK(folder.entries() == 2);
}
