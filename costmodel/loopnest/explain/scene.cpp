#include "costmodel/loopnest/explain/scene.h"

namespace dna::costmodel::loopnest {

Scene sceneOf(const Problem& problem, const Architecture& architecture, const Mapping& mapping,
              const Convention& rules) {
    Scene scene{problem, architecture, rules, flatten(mapping), {}, {}, 1};
    scene.geometry = detail::geometry<double>(scene.nest, scene.nest.bounds);
    double instances = 1;
    for (int l = 0; l <= scene.nest.level_count; ++l) {
        scene.instances.push_back(instances);
        if (l == scene.nest.level_count) break;
        for (int i = scene.nest.begin[l]; i < scene.nest.begin[l + 1]; ++i)
            (scene.temporal(i) ? scene.compute_cycles : instances) *= scene.nest.bounds[i];
    }
    return scene;
}

}  // namespace dna::costmodel::loopnest
