#include "flows/staging.h"

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

}  // namespace

Staging::Staging(fs::path wanted, const std::string& proof)
    : wanted_(std::move(wanted)), temporary_(wanted_.string() + ".partial") {
    checkReplaceable(wanted_, proof);
    fs::remove_all(temporary_);
    base::makeFolder(temporary_);
}

Staging::~Staging() {
    std::error_code ignored;
    if (!temporary_.empty()) fs::remove_all(temporary_, ignored);
}

void Staging::commit() {
    fs::remove_all(wanted_);
    fs::rename(temporary_, wanted_);
    temporary_.clear();
}

}  // namespace dna::flows
