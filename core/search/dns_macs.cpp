#include "core/search/dns_macs.h"

namespace dna::search {

CostTable macTable(const network::NetworkSpace& space) {
    CostTable table;
    for (const network::Network& part : network::buildFixedParts(space))
        table.fixed.energy_pj += static_cast<double>(network::macs(part));
    for (size_t block = 0; block < space.blocks.size(); ++block) {
        table.blocks.emplace_back();
        for (const network::BlockOption& option : network::blockOptions(space, static_cast<int>(block)))
            table.blocks.back().push_back(
                {static_cast<double>(network::macs(network::buildOperator(space, static_cast<int>(block), option))),
                 0.0});
    }
    return table;
}

}  // namespace dna::search
