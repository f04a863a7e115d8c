#include "costmodel/loopnest/mapper/mapper.h"

#include <fmt/format.h>

#include <ctime>

#include "core/autodiff/workers.h"
#include "core/base/log.h"
#include "costmodel/loopnest/mapper/array_search.h"
#include "costmodel/loopnest/mapper/infeasible.h"
#include "costmodel/loopnest/mapper/nest_builder.h"
#include "costmodel/loopnest/ragged.h"

namespace dna::costmodel::loopnest {
namespace {

constexpr double kNone = std::numeric_limits<double>::infinity();
constexpr int kMostPartsPerRound = 32;

double threadSeconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

double wallSeconds() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

void checkRaggedRules(const Problem& problem, const Architecture& architecture, const MapperOptions& options) {
    const Convention& rules = options.rules;
    if (rules.halo_reuse || rules.neighbour_forwarding || rules.second_iteration_is_last)
        throw base::InputError(problem.name, "", "ragged tiles need rules without sliding windows, such as gads");
    if (architecture.levelCount() > 1 && architecture.fanoutX(0) * architecture.fanoutY(0) > 1)
        throw base::InputError(architecture.name, "",
                               "ragged tiles need a single instance of " + architecture.levels[1].name);
}

/// The parts of the tree, most promising first. Equal top tile lists are made once.
std::vector<Part> makeParts(const MapSpace& space, bool symmetric) {
    std::map<Factors, std::shared_ptr<const TopTiles>> tops;
    std::vector<Part> parts;
    for (SpatialChoice& choice : spatialChoices(space.problem, space.architecture, space.options.ragged)) {
        if (symmetric) {
            std::vector<Factors> mirror;
            for (const Factors& hop : choice.hops) mirror.push_back(mirrored(hop));
            if (mirror < choice.hops) continue;
        }
        auto& top = tops[choice.hops[0]];
        if (!top) top = std::make_shared<const TopTiles>(space, choice);
        if (space.levels() > 1 && top->all().empty()) continue;
        const double bound = partBound(space, choice, *top);
        parts.push_back({std::move(choice), top, bound});
    }
    std::stable_sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) { return a.bound < b.bound; });
    return parts;
}

/// Rounds over the parts. What a part does depends on the incumbent at the start of its round only, so the result is
/// the same for every number of threads.
class Search {
public:
    Search(const MapSpace& space, std::vector<Part> parts, bool symmetric)
        : space_(space),
          options_(space.options),
          parts_(std::move(parts)),
          symmetric_(symmetric),
          start_(wallSeconds()) {}

    void run(MapperResult& result) {
        autodiff::Workers workers(options_.threads);
        size_t next = 0;
        int width = 1;
        double left_out = kNone;
        while (next < parts_.size() && wanted(parts_[next].bound)) {
            if (nodes_ >= options_.work) result.stopped_by = "work";
            if (timeIsUp()) result.stopped_by = "time";
            if (base::stopRequested()) result.stopped_by = "interrupt";
            if (!result.stopped_by.empty()) break;
            size_t end = next;
            while (end < parts_.size() && end - next < size_t(width) && wanted(parts_[end].bound)) ++end;
            left_out = std::min(left_out, round(workers, next, end));
            next = end;
            width = std::min(2 * width, kMostPartsPerRound);
        }
        if (next < parts_.size()) left_out = std::min(left_out, parts_[next].bound);
        if (options_.gap > 0)
            left_out = std::min(left_out, best_.objective * (1 - options_.gap));  // left out on the way
        result.bound = std::min(best_.objective, left_out);
        result.optimal = best_.objective < kNone && left_out >= best_.objective * (1 - 1e-12);
        if (result.optimal) result.bound = best_.objective;
        if (result.optimal) result.stopped_by = "proof";
        if (result.stopped_by.empty()) {
            const bool within_gap = options_.gap > 0 && left_out >= best_.objective * (1 - options_.gap) * (1 - 1e-12);
            result.stopped_by = timeIsUp() ? "time" : within_gap ? "gap" : "work";
        }
        result.nodes = nodes_, result.evaluated = evaluated_;
    }
    const Candidate& best() const { return best_; }

private:
    /// Parts whose bound is within the wanted gap of the best are not worth searching.
    bool wanted(double bound) const { return bound < best_.objective * (1 - std::max(options_.gap, 1e-12)); }
    bool timeIsUp() const { return options_.seconds > 0 && wallSeconds() - start_ > options_.seconds; }

    double round(autodiff::Workers& workers, size_t begin, size_t end) {
        std::vector<PartResult> results(end - begin);
        const double incumbent = best_.objective * (1 - options_.gap);
        const int64_t limit = std::max<int64_t>(1, (options_.work - nodes_) / int64_t(end - begin));
        const std::function<bool()> stop = [this] { return timeIsUp() || base::stopRequested(); };
        workers.run(int(end - begin), [&](int i) {
            results[size_t(i)] = searchPart(space_, parts_[begin + size_t(i)], incumbent, limit, symmetric_, stop);
        });
        double left_out = kNone;
        for (PartResult& part : results) {
            nodes_ += part.nodes, evaluated_ += part.evaluated;
            left_out = std::min(left_out, part.bound);
            if (part.best.objective < best_.objective) best_ = part.best;
        }
        return left_out;
    }

    const MapSpace& space_;
    const MapperOptions& options_;
    std::vector<Part> parts_;
    bool symmetric_;
    double start_;
    Candidate best_;
    int64_t nodes_ = 0, evaluated_ = 0;
};

}  // namespace

MapperResult mapLayer(const Problem& problem, const Architecture& architecture, const MapperOptions& options) {
    const double start = threadSeconds();
    if (options.ragged) checkRaggedRules(problem, architecture, options);
    MapperResult result;
    const MapSpace space(problem, architecture, options);
    const bool symmetric = isSymmetric(space);
    std::vector<Part> parts = makeParts(space, symmetric);
    Search search(space, std::move(parts), symmetric);
    search.run(result);
    if (search.best().objective < kNone) {
        result.mapping = toMapping(search.best().nest);
        result.objective = search.best().objective;
        const Nest& nest = search.best().nest;
        result.evaluation = options.ragged ? averages(evaluateRagged(problem, architecture, nest, options.rules))
                                           : evaluate(problem, architecture, nest, options.rules);
        checkExact(result.evaluation, problem);
    } else {
        result.infeasible = whyInfeasible(space, result.stopped_by);
    }
    result.cpu_seconds = threadSeconds() - start;
    return result;
}

}  // namespace dna::costmodel::loopnest
