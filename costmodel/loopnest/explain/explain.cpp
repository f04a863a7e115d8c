#include "costmodel/loopnest/explain/explain.h"

#include <fmt/format.h>

#include "costmodel/loopnest/explain/tensor_story.h"
#include "costmodel/loopnest/explain/totals.h"

namespace dna::costmodel::loopnest {

Explanation explain(const Problem& problem, const Architecture& architecture, const Mapping& mapping,
                    const Convention& rules) {
    const Scene scene = sceneOf(problem, architecture, mapping, rules);
    Explanation out;
    Page page;
    page.say(0, fmt::format("{} on {}", problem.name, architecture.name));
    page.blank();
    page.say(0, drawNest(architecture, mapping));
    tellLayer(scene, page);
    for (const Tensor t : {Tensor::Weights, Tensor::Inputs, Tensor::Outputs}) TensorStory(scene, t, page, out).tell();
    tellCapacity(scene, out, page);
    tellCycles(scene, out, evaluate(problem, architecture, scene.nest, rules), page);
    tellEnergy(scene, out, out.energy_pj, page);
    out.text = page.take();
    return out;
}

}  // namespace dna::costmodel::loopnest
