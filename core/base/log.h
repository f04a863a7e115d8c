#pragma once

#include <string>
#include <string_view>

namespace dna::base {

/// Where libraries send messages; the program gives one that writes to stderr.
class Log {
public:
    virtual ~Log() = default;
    virtual void info(std::string_view message) = 0;
    virtual void warn(std::string_view message) = 0;
    /// Progress of a long task: `done` of `total` units of work; the sink estimates the time left.
    virtual void progress(std::string_view task, double done, double total, std::string_view detail = {}) = 0;
};

/// Discards everything.
class SilentLog : public Log {
public:
    void info(std::string_view) override {}
    void warn(std::string_view) override {}
    void progress(std::string_view, double, double, std::string_view) override {}
};

/// Set by the SIGINT/SIGTERM handler of the program; long loops poll it at safe points and throw Interrupted
/// after their checkpoint is on disk.
bool stopRequested();
void requestStop();

}  // namespace dna::base
