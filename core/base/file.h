#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace dna::base {

/// The whole file; throws InputError when it can't be read (naming the file and the reason).
std::string readFile(const std::filesystem::path& file);

/// Writes to a temporary name in the same folder, syncs, renames: readers see the old or the new file, never a part.
/// Throws ToolError (disk full, no permission) and leaves nothing behind.
void writeFileAtomic(const std::filesystem::path& file, std::string_view content);

/// Appends one line and flushes. Throws ToolError.
void appendLine(const std::filesystem::path& file, std::string_view line);

/// Creates the folder and its parents; throws ToolError naming the folder and the reason.
void makeFolder(const std::filesystem::path& folder);

/// Lower-case hexadecimal SHA-256 (FIPS 180-4).
std::string sha256(std::string_view bytes);
std::string sha256File(const std::filesystem::path& file);

}  // namespace dna::base
