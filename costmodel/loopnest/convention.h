#pragma once

#include <string_view>

namespace dna::costmodel::loopnest {

/// How accesses are counted. One code reads these flags; the two named sets are below.
struct Convention {
    /// A tile is fetched as the difference to the tile before it where the two overlap along one axis and the step is
    /// the same as the one before (sliding window). Off: a new tile is fetched whole.
    bool halo_reuse = true;
    /// The tile before a step of an outer loop is taken at the second iteration of every loop inside (that stands for
    /// all later ones), not at the last. This is how the field's reference extrapolates.
    bool second_iteration_is_last = true;
    /// The first accumulation into a word reads nothing, and no fill brings a fresh word.
    bool first_read_elision = true;
    /// A partial sum that returns to PEs that reduce together fills every one of them; off: one of them.
    bool refill_every_reducer = true;
    /// PEs next to each other pass on words that the neighbour held one step ago.
    bool neighbour_forwarding = true;
    /// The words that one sender's receivers pass on are spread over all instances of the level, as the reference
    /// reports them; with several senders they count once. Off: over that sender's receivers.
    bool forwarded_of_one_sender = true;
    /// No way to count but a bound for mappers: anybody counts as a neighbour and passing on costs no read, so that no
    /// placement of the spatial loops on the mesh is cheaper.
    bool bound_forwarding = false;
    /// Half of every bounded memory is reserved for the next tile.
    bool double_buffered = false;
    bool operator==(const Convention&) const = default;
};

/// The reference's rules (Parashar et al., Timeloop, ISPASS 2019, and the released code).
constexpr Convention kTimeloop{};
/// The generated hardware: whole tiles, one refill of a partial sum, two halves of every buffer.
constexpr Convention kGads{.halo_reuse = false,
                           .second_iteration_is_last = false,
                           .first_read_elision = true,
                           .refill_every_reducer = false,
                           .neighbour_forwarding = false,
                           .double_buffered = true};

}  // namespace dna::costmodel::loopnest
