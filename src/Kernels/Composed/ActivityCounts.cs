namespace SparkTrain.Kernels;

/// <summary>Counts active units for the instruments.</summary>
internal static class ActivityCounts
{
    /// <summary>Writes the number of positive entries of each row of x [N, F] into the int32 tensor active [N].</summary>
    internal static void CountPositive(Tensor x_NF, Tensor active_N)
    {
        using var scope = NewDisposeScope();
        active_N.copy_(x_NF.detach().gt(0).sum([-1]));
    }
}
