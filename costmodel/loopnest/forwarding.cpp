#include "costmodel/loopnest/forwarding.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace dna::costmodel::loopnest {
namespace {

/// Where the tiles of all receivers lie: rows and columns, and one number for the axes where tiles never overlap.
struct Places {
    std::vector<int64_t> row, column, key;  ///< of each receiver; equal keys are equal places
    int64_t rows = 1, columns = 1, others = 1;

    int64_t keyOf(int64_t r, int64_t c, int64_t other) const { return (other * columns + c) * rows + r; }
    int64_t count() const { return int64_t(key.size()); }
    /// Key of the place that lies (down, right) from that of receiver i; -1 where no tile can lie.
    int64_t shifted(int64_t i, int64_t down, int64_t right) const {
        const int64_t r = row[i] + down, c = column[i] + right;
        if (r < 0 || r >= rows || c < 0 || c >= columns) return -1;
        return key[i] + down + right * rows;
    }
};

Places placesOf(const ForwardingMesh& mesh) {
    Places out;
    for (const SpatialLoop& loop : mesh.loops) {
        if (!loop.moves) continue;
        if (loop.axis == Axis::Rows)
            out.rows += (loop.bound - 1) * loop.step;
        else if (loop.axis == Axis::Columns)
            out.columns += (loop.bound - 1) * loop.step;
        else
            out.others *= loop.bound;
    }
    std::vector<int64_t> other{0};
    out.row = out.column = {0};
    int64_t unit = 1;
    for (size_t n = mesh.loops.size(); n-- > 0;) {  // innermost loop first: earlier digits vary fastest
        const SpatialLoop& loop = mesh.loops[n];
        const bool rows = loop.moves && loop.axis == Axis::Rows, columns = loop.moves && loop.axis == Axis::Columns;
        const int64_t aside = loop.moves && !rows && !columns ? unit : 0;
        const size_t before = other.size();
        for (int64_t i = 1; i < loop.bound; ++i)
            for (size_t k = 0; k < before; ++k) {
                out.row.push_back(out.row[k] + (rows ? i * loop.step : 0));
                out.column.push_back(out.column[k] + (columns ? i * loop.step : 0));
                other.push_back(other[k] + i * aside);
            }
        if (aside) unit *= loop.bound;
    }
    out.key.resize(other.size());
    for (size_t i = 0; i < other.size(); ++i) out.key[i] = out.keyOf(out.row[i], out.column[i], other[i]);
    return out;
}

/// A set of keys: a bit field where they are small numbers.
class KeySet {
public:
    explicit KeySet(int64_t limit) : dense_(limit <= 1 << 16), marks_(dense_ ? size_t(limit) : 0) {}
    void add(int64_t key) {
        if (dense_)
            count_ += !std::exchange(marks_[size_t(key)], uint8_t{1});
        else
            keys_.push_back(key);
    }
    void close() {
        if (dense_) return;
        std::sort(keys_.begin(), keys_.end());
        keys_.erase(std::unique(keys_.begin(), keys_.end()), keys_.end());
        count_ = int64_t(keys_.size());
    }
    bool has(int64_t key) const {
        return dense_ ? marks_[size_t(key)] != 0 : std::binary_search(keys_.begin(), keys_.end(), key);
    }
    int64_t count() const { return count_; }

private:
    bool dense_;
    std::vector<uint8_t> marks_;
    std::vector<int64_t> keys_;
    int64_t count_ = 0;
};

}  // namespace

ForwardingMatch matchNeighbours(const ForwardingMesh& mesh, int64_t rows, int64_t columns) {
    const Places places = placesOf(mesh);
    const int64_t count = places.count(), limit = places.rows * places.columns * places.others;
    KeySet all(limit), others(limit);
    for (const int64_t key : places.key) all.add(key);
    all.close();
    const auto holds = [&](int64_t from, int64_t wanted) { return from < count && places.key[from] == wanted; };
    int64_t forwarded = 0, x = 0, y = 0;
    for (int64_t i = 0; i < count; ++i) {
        const int64_t wanted = places.shifted(i, rows, columns);
        const bool found =
            wanted >= 0 && (mesh.all_neighbours
                                ? all.has(wanted)
                                : (y > 0 && holds(i - mesh.mesh_x, wanted)) ||
                                      (y + 1 < mesh.mesh_y && holds(i + mesh.mesh_x, wanted)) ||
                                      (x > 0 && holds(i - 1, wanted)) || (x + 1 < mesh.mesh_x && holds(i + 1, wanted)));
        if (found)
            ++forwarded;
        else
            others.add(places.key[i]);
        if (++x == mesh.mesh_x) x = 0, ++y;
    }
    others.close();
    return {count, all.count(), forwarded, others.count()};
}

}  // namespace dna::costmodel::loopnest
