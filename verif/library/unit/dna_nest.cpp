// Tile loops against nested loops over an explicit list of jobs: all small bounds with all flags, then random large
// ones.
//
// module: dna_nest
// quick: -
#include <vector>

#include "support.h"

namespace {

struct Job {
    int row, channel;
};

struct Case {
    int rows, channels;
    bool channels_outer, depthwise, shared_weights;
};

/// Jobs in order, by the definition of the loops.
std::vector<Job> jobsOf(const Case& c) {
    std::vector<Job> jobs;
    if (c.channels_outer) {
        for (int channel = 0; channel < c.channels; ++channel)
            for (int row = 0; row < c.rows; ++row) jobs.push_back({row, channel});
    } else {
        for (int row = 0; row < c.rows; ++row)
            for (int channel = 0; channel < c.channels; ++channel) jobs.push_back({row, channel});
    }
    return jobs;
}

class Run {
public:
    explicit Run(unit::Bench& bench) : bench_(bench) {}

    void check(const Case& c) {
        dut_.row_tiles_i = c.rows, dut_.channel_tiles_i = c.channels, dut_.channels_outer_i = c.channels_outer;
        dut_.depthwise_i = c.depthwise, dut_.shared_weights_i = c.shared_weights;
        dut_.start_i = 1, dut_.step_i = 0;
        bench_.clock(dut_);
        dut_.start_i = 0;
        const std::vector<Job> jobs = jobsOf(c);
        for (size_t i = 0; i < jobs.size(); ++i) {
            while (bench_.random.oneIn(4)) {  // nothing moves without a step
                compare(c, jobs, i);
                bench_.clock(dut_);
            }
            compare(c, jobs, i);
            dut_.step_i = 1;
            bench_.clock(dut_);
            dut_.step_i = 0;
            dut_.eval();
        }
    }

private:
    /// What the loops' own increments do behind job `i`; both run over at the end of the last one.
    void compare(const Case& c, const std::vector<Job>& jobs, size_t i) {
        const Job& job = jobs[i];
        const bool last = i + 1 == jobs.size();
        const auto other_input = [&](const Job& a, const Job& b) {
            return a.row != b.row || (c.depthwise && a.channel != b.channel);
        };
        const auto other_weights = [&](const Job& a, const Job& b) {
            return a.channel != b.channel && !c.shared_weights;
        };
        dut_.eval();
        bench_.expect(dut_.row_last_o, job.row + 1 == c.rows, "row_last_o");
        bench_.expect(dut_.channel_last_o, job.channel + 1 == c.channels, "channel_last_o");
        bench_.expect(dut_.job_last_o, last, "job_last_o");
        bench_.expect(dut_.input_changed_o, i == 0 || other_input(job, jobs[i - 1]), "input_changed_o");
        bench_.expect(dut_.weights_changed_o, i == 0 || other_weights(job, jobs[i - 1]), "weights_changed_o");
        bench_.expect(dut_.input_released_o, last || other_input(job, jobs[i + 1]), "input_released_o");
        bench_.expect(dut_.weights_released_o, last || other_weights(job, jobs[i + 1]), "weights_released_o");
        const bool row_turns = c.channels_outer || job.channel + 1 == c.channels;
        const bool channel_turns = !c.channels_outer || job.row + 1 == c.rows;
        bench_.expect(dut_.row_step_o, row_turns && job.row + 1 < c.rows, "row_step_o");
        bench_.expect(dut_.row_wrap_o, row_turns && job.row + 1 == c.rows, "row_wrap_o");
        bench_.expect(dut_.channel_step_o, channel_turns && job.channel + 1 < c.channels, "channel_step_o");
        bench_.expect(dut_.channel_wrap_o, channel_turns && job.channel + 1 == c.channels, "channel_wrap_o");
    }

    unit::Bench& bench_;
    Vdut dut_;
};

}  // namespace

int main(int argc, char** argv) {
    unit::Bench bench(argc, argv);
    Run run(bench);
    const auto flags = [](int rows, int channels, int bits) {
        return Case{rows, channels, (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0};
    };
    const int small = bench.full ? 9 : 5;
    for (int bits = 0; bits < 8; ++bits)
        for (int rows = 1; rows <= small; ++rows)
            for (int channels = 1; channels <= small; ++channels) run.check(flags(rows, channels, bits));
    const int cases = bench.full ? 400 : 8;
    for (int i = 0; i < cases; ++i) {
        const int rows = 1 + int(bench.random.below(bench.random.oneIn(3) ? 1023 : 60));
        run.check(flags(rows, 1 + int(bench.random.below(20000 / rows > 1023 ? 1023 : 20000 / rows)),
                        int(bench.random.below(8))));
    }
    return bench.finish();
}
