#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "core/base/log.h"

namespace dna::flows {

/// Messages and progress on stderr. On a terminal a progress line is redrawn in place; elsewhere a line is
/// written at most every few seconds, so that logs stay readable.
class ConsoleLog : public base::Log {
public:
    ConsoleLog();
    ~ConsoleLog() override;
    void info(std::string_view message) override;
    void warn(std::string_view message) override;
    void progress(std::string_view task, double done, double total, std::string_view detail) override;

private:
    using Clock = std::chrono::steady_clock;
    void clearLine();

    bool terminal_;
    bool line_open_ = false;
    std::string task_;
    Clock::time_point task_start_, last_shown_;
    double done_at_start_ = 0;
};

/// "1 h 05 min", "2 min 10 s", "7 s".
std::string durationText(double seconds);

}  // namespace dna::flows
