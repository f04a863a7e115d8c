#include "costmodel/loopnest/forwarding.h"

#include <vector>

namespace dna::costmodel::loopnest {
namespace {

/// Where the tile of each receiver lies, one key a receiver: rows and columns, and a number for the other axes.
struct Place {
    int64_t rows = 0, columns = 0, other = 0;
    auto operator<=>(const Place&) const = default;
};

std::vector<Place> placesOf(const ForwardingMesh& mesh) {
    std::vector<Place> places(1);
    int64_t other_unit = 1;
    for (size_t n = mesh.loops.size(); n-- > 0;) {  // innermost loop first: earlier digits vary fastest
        const SpatialLoop& loop = mesh.loops[n];
        const size_t before = places.size();
        for (int64_t i = 1; i < loop.bound; ++i)
            for (size_t k = 0; k < before; ++k) {
                Place place = places[k];
                if (loop.moves && loop.axis == Axis::Rows)
                    place.rows += i * loop.step;
                else if (loop.moves && loop.axis == Axis::Columns)
                    place.columns += i * loop.step;
                else if (loop.moves)
                    place.other += i * other_unit;
                places.push_back(place);
            }
        if (loop.moves && loop.axis != Axis::Rows && loop.axis != Axis::Columns) other_unit *= loop.bound;
    }
    return places;
}

int64_t countDistinct(std::vector<Place> places) {
    std::sort(places.begin(), places.end());
    return std::unique(places.begin(), places.end()) - places.begin();
}

}  // namespace

ForwardingMatch matchNeighbours(const ForwardingMesh& mesh, int64_t rows, int64_t columns) {
    const std::vector<Place> places = placesOf(mesh);
    const int64_t count = int64_t(places.size());
    const auto holds = [&](int64_t from, const Place& wanted) { return from < count && places[from] == wanted; };
    std::vector<Place> others;
    others.reserve(places.size());
    int64_t x = 0, y = 0;
    for (int64_t i = 0; i < count; ++i) {
        const Place wanted{places[i].rows + rows, places[i].columns + columns, places[i].other};
        const bool found = (y > 0 && holds(i - mesh.mesh_x, wanted)) ||
                           (y + 1 < mesh.mesh_y && holds(i + mesh.mesh_x, wanted)) || (x > 0 && holds(i - 1, wanted)) ||
                           (x + 1 < mesh.mesh_x && holds(i + 1, wanted));
        if (!found) others.push_back(places[i]);
        if (++x == mesh.mesh_x) x = 0, ++y;
    }
    const int64_t remaining = int64_t(others.size());
    if (remaining == count) return {count, count, 0, count};  // nobody helps: how many tiles differ does not matter
    return {count, countDistinct(places), count - remaining, countDistinct(std::move(others))};
}

}  // namespace dna::costmodel::loopnest
