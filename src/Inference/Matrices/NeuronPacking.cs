using SparkTrain.ModelFormat;

namespace SparkTrain.Inference;

/// <summary>Packs the neurons of an FFN as rows: K2 lies by neuron in model files already, V [d_model, d_ff] is turned.</summary>
internal static unsafe class NeuronPacking
{
    // Neurons turned at once: a cache line of bfloat16 of each of V's rows.
    private const int Block = 32;

    /// <summary>Returns [K2 | V] by neuron.</summary>
    public static RowMatrix<T> Pack<T>(IWeightSource source, WeightSlot k2, WeightSlot v) where T : struct, IElement
    {
        int neurons = (int)k2.Shape[0], keyWidth = (int)k2.Shape[1], modelWidth = (int)v.Shape[0];
        // A source may hand out one weight at a time, so V waits in the rows until K2 is read.
        using var turned = new NativeBlock((long)neurons * modelWidth * sizeof(float));
        var values = new WeightRows(source, v);
        Parallel.For(0, (neurons + Block - 1) / Block, block =>
        {
            float* some = stackalloc float[Block];
            int first = block * Block, count = Math.Min(Block, neurons - first);
            for (int d = 0; d < modelWidth; d++)
            {
                values.Copy(d, first, count, some);
                for (int i = 0; i < count; i++) turned.Floats[(long)(first + i) * modelWidth + d] = some[i];
            }
        });
        var keys = new WeightRows(source, k2);
        var rows = new RowMatrix<T>(neurons, keyWidth, modelWidth);
        Parallel.For(0, neurons, () => new NativeBlock(keyWidth * sizeof(float)), (neuron, _, key) =>
        {
            keys.Copy(neuron, 0, keyWidth, key.Floats);
            rows.Store(neuron, key.Floats, turned.Floats + (long)neuron * modelWidth);
            return key;
        }, key => key.Dispose());
        return rows;
    }
}
