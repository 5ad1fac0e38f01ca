namespace SparkTrain.Kernels;

/// <summary>
/// Runs a composed operator so that the graph holds its inputs only: the backward pass computes it a second time. libtorch would keep every intermediate
/// result, which for attention scores and FFN activations is several times the rest of the model's memory.
/// </summary>
internal static class Recomputed
{
    /// <summary>Returns function(inputs, constants); gradients flow to the inputs.</summary>
    /// <param name="inputs">Everything that gradients flow to.</param>
    /// <param name="constants">Other tensors that the function reads; kept for the second run, because the caller may free its own.</param>
    /// <param name="function">
    /// Composed from libtorch's operations over inputs and then constants; must not return an input. Runs a second time, on other tensors, in the backward pass;
    /// its second argument is true in the first run only, where counts are taken.
    /// </param>
    internal static Tensor Run(Tensor[] inputs, Tensor[] constants, Func<Tensor[], bool, Tensor> function) => KernelFunction.Run(inputs,
        () =>
        {
            using var noGradient = no_grad();
            Tensor[] all = [.. inputs, .. constants];
            return (function(all, true), all);
        },
        (saved, gradient) =>
        {
            using var withGradient = enable_grad();
            Tensor[] leaves = [.. saved[..inputs.Length].Select(t => t.detach().requires_grad_())];
            return [.. autograd.grad([function([.. leaves, .. saved[inputs.Length..]], false)], leaves, [gradient])];
        });
}
