#pragma once

#include <algorithm>

#include "flows/checkpoint.h"

namespace dna::flows {

/// Training steps that a run may still take in this process, over all its phases.
class StepBudget {
public:
    /// 0: no bound.
    explicit StepBudget(long steps = 0) : bounded_(steps > 0), left_(steps) {}
    void take() { left_ -= bounded_; }
    bool spent() const { return bounded_ && left_ <= 0; }

private:
    bool bounded_;
    long left_;
};

/// How fast a loop goes in this process: for progress and timing.jsonl only.
class RateMeter {
public:
    void add(long pictures) { pictures_ += pictures; }
    double seconds() const { return watch_.seconds(); }
    double picturesPerSecond() const { return static_cast<double>(pictures_) / std::max(seconds(), 1e-9); }
    /// Wall time of so many pictures at the present speed.
    double hoursOf(long pictures) const { return static_cast<double>(pictures) / picturesPerSecond() / 3600; }

private:
    Stopwatch watch_;
    long pictures_ = 0;
};

}  // namespace dna::flows
