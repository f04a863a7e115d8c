#pragma once

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>

/// A folder that disappears with the test.
struct TemporaryFolder {
    std::filesystem::path path;
    TemporaryFolder() {
        static std::atomic<int> serial{0};
        path = std::filesystem::temp_directory_path() / ("dna-test-" + std::to_string(::getpid()) + "-" + std::to_string(serial++));
        std::filesystem::create_directories(path);
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
};
