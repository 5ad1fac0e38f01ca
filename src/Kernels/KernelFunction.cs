namespace SparkTrain.Kernels;

/// <summary>
/// The one autograd node behind every kernel: a kernel gives two functions over tensors, this class gives them a place in the graph and looks after memory.
/// Saved tensors are freed as soon as the kernel's backward is done (so a graph can be walked once only), gradients handed to libtorch as soon as the next
/// kernel's backward begins; left to TorchSharp, both would live until the end of the step.
/// </summary>
internal sealed class KernelFunction : autograd.SingleTensorFunction<KernelFunction>
{
    private const string CallKey = "call";

    [ThreadStatic] private static List<Tensor>? handedOut;

    public override string Name => "Kernel";

    /// <summary>Runs <paramref name="forward"/>, which returns the output and the tensors that <paramref name="backward"/> needs.</summary>
    /// <param name="inputs">What gradients flow to.</param>
    /// <param name="forward">Computes the output; must not return an input.</param>
    /// <param name="backward">Takes the saved tensors and the contiguous output gradient; returns one new tensor (or null) per input.</param>
    internal static Tensor Run(Tensor[] inputs, Func<(Tensor Output, Tensor[] Saved)> forward, Func<Tensor[], Tensor, Tensor?[]> backward)
    {
        using var scope = NewDisposeScope();
        var output = is_grad_enabled() && Array.Exists(inputs, t => t.requires_grad)
            ? apply([.. inputs, new Call(inputs, forward, backward)])
            : forward().Output;
        return output.MoveToOuterDisposeScope();
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var call = (Call)vars[^1];
        ctx.save_data(CallKey, call);
        ctx.set_materialize_grads(false);
        return call.Forward();
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor gradient)
    {
        // libtorch has taken its own reference to the last kernel's gradients by now.
        handedOut ??= [];
        foreach (var tensor in handedOut) tensor.Dispose();
        handedOut.Clear();

        using var scope = NewDisposeScope();
        var call = (Call)ctx.get_data(CallKey);
        List<Tensor> gradients = [];
        foreach (var tensor in call.Backward(gradient))
        {
            if (tensor is not null) handedOut.Add(tensor.DetachFromDisposeScope());
            gradients.Add(tensor!);
        }
        gradients.Add(null!); // for the call object among the arguments
        gradient.Dispose();
        return gradients;
    }

    private sealed class Call(Tensor[] inputs, Func<(Tensor Output, Tensor[] Saved)> forward, Func<Tensor[], Tensor, Tensor?[]> backward)
    {
        private readonly long[][] shapes = Array.ConvertAll(inputs, t => t.shape);
        private Tensor[]? saved;

        public Tensor Forward()
        {
            var (output, tensors) = forward();
            saved = Array.ConvertAll(tensors, t => t.detach().DetachFromDisposeScope());
            return output;
        }

        public Tensor?[] Backward(Tensor gradient)
        {
            try
            {
                if (gradient.IsInvalid) return new Tensor?[shapes.Length];
                if (saved is null) throw new InvalidOperationException("backward ran twice through one kernel; its saved tensors are freed after the first time");
                return backward(saved, gradient.contiguous());
            }
            catch (Exception e)
            {
                KernelFailure.Record(e);
                return Array.ConvertAll(shapes, shape => zeros(shape));
            }
            finally
            {
                foreach (var tensor in saved ?? []) tensor.Dispose();
                saved = null;
            }
        }
    }
}
