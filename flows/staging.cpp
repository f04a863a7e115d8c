#include "flows/staging.h"

#include <vector>

#include "core/base/error.h"
#include "core/base/file.h"

namespace dna::flows {
namespace fs = std::filesystem;

namespace {

void checkReplaceable(const fs::path& out, const std::string& proof) {
    if (!fs::exists(out)) return;
    if (!fs::is_directory(out)) throw base::InputError(out.string(), "", "is a file; --out names a folder");
    if (!fs::is_empty(out) && !fs::exists(out / proof))
        throw base::InputError(out.string(), "",
                               "is not empty and was not written by this verb (no " + proof + "); name another folder");
}

/// The folder that "chip/", "." or a link means, named so that another ending gives a neighbour.
fs::path plain(const fs::path& path) {
    const fs::path whole = fs::weakly_canonical(fs::absolute(path));
    return whole.has_filename() ? whole : whole.parent_path();
}

std::vector<fs::path> entriesOf(const fs::path& folder) {
    return {fs::directory_iterator(folder), fs::directory_iterator()};
}

}  // namespace

Staging::Staging(const fs::path& wanted, const std::string& proof)
    : wanted_(plain(wanted)), temporary_(wanted_.string() + ".partial") {
    checkReplaceable(wanted, proof);
    fs::remove_all(temporary_);
    base::makeFolder(temporary_);
}

Staging::~Staging() {
    std::error_code ignored;
    if (!temporary_.empty()) fs::remove_all(temporary_, ignored);
}

void Staging::commit() {
    if (fs::exists(wanted_)) {  // the folder itself stays: it may be somebody's working directory
        for (const fs::path& entry : entriesOf(wanted_)) fs::remove_all(entry);
        for (const fs::path& entry : entriesOf(temporary_)) fs::rename(entry, wanted_ / entry.filename());
        fs::remove(temporary_);
    } else {
        fs::rename(temporary_, wanted_);
    }
    temporary_.clear();
}

}  // namespace dna::flows
