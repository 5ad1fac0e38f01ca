namespace SparkTrain.Kernels;

/// <summary>The identity y = x, whose backward pass tells that everything computed from y has its gradients.</summary>
internal static class BackwardMark
{
    /// <summary>Returns a copy of x; <paramref name="reached"/> is called when the backward pass comes to it. libtorch completes the gradients of weights first.</summary>
    internal static Tensor Apply(Tensor x, Action reached) => KernelFunction.Run([x], () => (x.clone(), []), (_, gradient) =>
    {
        reached();
        return [gradient.clone()];
    });
}
