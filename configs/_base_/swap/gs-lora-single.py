# What differs in GS-LoRA++'s single requests, by the published script, which
# forgets 10 classes of CASIA-Face100. S counts from the 20th epoch.
single = {
    'model.objective.bound': 110.,
    'model.objective.weight': 0.05,
    'model.objective.forget_prototype_weight': 0.005,
    'optim_wrapper.group_sparse.alpha': 0.01,
}
