#include "flows/cli/console.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace dna::flows {

ConsoleLog::ConsoleLog() : terminal_(::isatty(STDERR_FILENO) == 1) {}

ConsoleLog::~ConsoleLog() { clearLine(); }

void ConsoleLog::clearLine() {
    if (line_open_) fmt::print(stderr, "\r\033[K");
    line_open_ = false;
}

void ConsoleLog::info(std::string_view message) {
    clearLine();
    fmt::print(stderr, "{}\n", message);
}

void ConsoleLog::warn(std::string_view message) {
    clearLine();
    fmt::print(stderr, "warning: {}\n", message);
}

void ConsoleLog::progress(std::string_view task, double done, double total, std::string_view detail) {
    const Clock::time_point now = Clock::now();
    if (task_ != task || done < done_at_start_) {
        task_ = task;
        task_start_ = now;
        done_at_start_ = done;
        last_shown_ = {};
    }
    const std::chrono::duration<double> since_shown = now - last_shown_;
    const bool last = done >= total;
    if (!last && since_shown.count() < (terminal_ ? 0.2 : 10.0)) return;
    last_shown_ = now;
    const double elapsed = std::chrono::duration<double>(now - task_start_).count();
    std::string text = fmt::format("{}: {:3.0f} %", task, total > 0 ? 100.0 * done / total : 100.0);
    if (!last && done > done_at_start_ && elapsed > 1.0)
        text += fmt::format(", {} left", durationText(elapsed * (total - done) / (done - done_at_start_)));
    if (!detail.empty()) text += fmt::format("  ({})", detail);
    clearLine();
    fmt::print(stderr, "{}{}", text, terminal_ && !last ? "" : "\n");
    std::fflush(stderr);
    line_open_ = terminal_ && !last;
}

std::string durationText(double seconds) {
    const long s = static_cast<long>(seconds + 0.5);
    if (s >= 3600) return fmt::format("{} h {:02} min", s / 3600, s / 60 % 60);
    if (s >= 60) return fmt::format("{} min {:02} s", s / 60, s % 60);
    return fmt::format("{} s", s);
}

}  // namespace dna::flows
