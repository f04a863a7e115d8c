#pragma once

#include <filesystem>
#include <string>

namespace dna::flows {

/// Everything goes to a folder beside the wanted one, which takes its place (that of its contents where it exists) when all is written.
class Staging {
public:
    /// `proof`: a file that shows that a folder was written by the same verb. InputError when the wanted folder holds
    /// something else.
    Staging(const std::filesystem::path& wanted, const std::string& proof);
    ~Staging();
    Staging(const Staging&) = delete;
    Staging& operator=(const Staging&) = delete;
    const std::filesystem::path& folder() const { return temporary_; }
    void commit();

private:
    std::filesystem::path wanted_, temporary_;
};

}  // namespace dna::flows
