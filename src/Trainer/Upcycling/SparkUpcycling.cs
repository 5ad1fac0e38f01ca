using SparkTrain.Model;
using SparkTrain.ModelFormat;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>
/// Makes a Spark Transformer of a dense Gemma-2 model, with as many parameters: those of the gated FFN and of the keys are allocated anew, all others stay as they are. What it computes is near the dense model only as far as half of a
/// layer's input tells the other half; training repairs the rest.
/// </summary>
public static class SparkUpcycling
{
    /// <summary>Returns the shape of the Spark model: an FFN one and a half times as wide, and predictors that read part of each layer's input and of each head.</summary>
    /// <param name="dense">A model with gated FFN and dense attention in every layer.</param>
    /// <param name="ffnPredictorDim">Coordinates of the FFN's input that pick the neurons; null means nearly half, as in the paper.</param>
    /// <param name="attentionPredictorDim">Coordinates of a head that pick the keys; null means half.</param>
    /// <param name="ffnShare">Share of the neurons aimed at.</param>
    /// <param name="keys">Keys per query aimed at.</param>
    /// <exception cref="ModelFormatException">The model is not dense, or cannot be divided so.</exception>
    public static ModelConfig Shape(ModelConfig dense, int? ffnPredictorDim, int? attentionPredictorDim, double ffnShare, int keys)
    {
        if (Enumerable.Range(0, dense.NumLayers).Any(layer => dense.Ffn.Of(layer).Kind != FfnKind.Gated || dense.Attention.Of(layer).Kind != AttentionKind.Dense))
            throw Refuse("it is not dense in every layer", "gated FFN and dense attention, Gemma-2's");
        int width = dense.Ffn.DFf;
        if (width % 2 != 0) throw Refuse($"its FFN has {width} neurons", "an even number, so that one and a half times as many have as many parameters");
        int neurons = width + width / 2, half = dense.Attention.HeadDim / 2;
        return dense with
        {
            Ffn = new() { Kind = FfnKind.Spark, DFf = neurons, PredictorDim = ffnPredictorDim ?? dense.DModel / 2, Active = Math.Clamp((int)Math.Round(ffnShare * neurons), 1, neurons) },
            Attention = dense.Attention with { Kind = AttentionKind.Spark, PredictorDim = attentionPredictorDim ?? half / 2 * 2, Active = keys },
        };
    }

    /// <summary>Fills a Spark model of <see cref="Shape"/> with a dense model's weights.</summary>
    /// <param name="spark">The model to fill.</param>
    /// <param name="dense">The model to take from.</param>
    /// <param name="moments_LDD">Second moments E[q qᵀ] of every layer's FFN input, as <see cref="FfnInputMoments"/> measures them; null takes the coordinates for independent.</param>
    /// <param name="seed">Seed of the neurons that the dense model does not have.</param>
    public static void Fill(Transformer spark, Transformer dense, IReadOnlyList<Tensor>? moments_LDD, long seed)
    {
        using var noGradient = no_grad();
        WeightInit.Fill(spark, seed);
        var from = dense.Weights.ToDictionary(w => (w.Slot.Role, w.Slot.Layer), w => (Tensor)w.Weight);
        var to = spark.Weights.ToDictionary(w => (w.Slot.Role, w.Slot.Layer), w => (Tensor)w.Weight);
        foreach (var (place, weight) in to)
            if (weight.shape.SequenceEqual(from[place].shape)) weight.copy_(from[place]);
        for (int layer = 0; layer < spark.Config.NumLayers; layer++)
        {
            using var scope = NewDisposeScope();
            FillFfn(layer, from, to, spark.Config.Ffn.PredictorDim, moments_LDD?[layer]);
            int[] order = HeadOrder(spark.Config.Attention.HeadDim, spark.Config.Attention.PredictorDim);
            foreach (var role in (WeightRole[])[WeightRole.Query, WeightRole.Key]) to[(role, layer)].copy_(ReorderHeads(from[(role, layer)], order));
        }
    }

    // The first neurons are the dense ones, with scores and values guessed from the part of the input that is left to each; new ones begin without any effect.
    private static void FillFfn(int layer, Dictionary<(WeightRole, int?), Tensor> from, Dictionary<(WeightRole, int?), Tensor> to, int r, Tensor? moments_DD)
    {
        Tensor gate_FD = from[(WeightRole.FfnGate, layer)], up_FD = from[(WeightRole.FfnUp, layer)], down_DF = from[(WeightRole.FfnDown, layer)];
        int d = (int)gate_FD.size(1), neurons = (int)gate_FD.size(0);
        to[(WeightRole.FfnGate, layer)][..neurons].copy_(LeastSquares.Restrict(gate_FD, moments_DD, 0..r));
        to[(WeightRole.FfnUp, layer)][..neurons].copy_(LeastSquares.Restrict(up_FD, moments_DD, r..d));
        var v_DF = to[(WeightRole.FfnDown, layer)];
        v_DF.zero_();
        v_DF[.., ..neurons].copy_(down_DF);
    }

    /// <summary>
    /// Returns which coordinate of a dense head each coordinate of a Spark head takes. Both turn pairs; a part of width w turns its pair i by position · base^(−2i/w), so pairs are dealt out in the order of their frequencies:
    /// with half a head as predictor it gets pairs 0, 2, 4, … at exactly their frequencies, the rest pairs 1, 3, 5, …, each turning a little faster than before.
    /// </summary>
    internal static int[] HeadOrder(int headDim, int predictorDim)
    {
        int half = headDim / 2, halfPredictor = predictorDim / 2, halfRest = half - halfPredictor;
        var slots = Enumerable.Range(0, halfPredictor).Select(i => (Exponent: (double)i / halfPredictor, First: i, Second: i + halfPredictor))
            .Concat(Enumerable.Range(0, halfRest).Select(i => (Exponent: (double)i / halfRest, First: predictorDim + i, Second: predictorDim + i + halfRest)))
            .OrderBy(slot => slot.Exponent);
        int[] order = new int[headDim];
        foreach (var (pair, slot) in slots.Index()) (order[slot.First], order[slot.Second]) = (pair, pair + half);
        return order;
    }

    private static Tensor ReorderHeads(Tensor w_ID, int[] order) =>
        w_ID.view(-1, order.Length, w_ID.size(1)).index_select(1, tensor(order.Select(i => (long)i).ToArray(), device: w_ID.device)).flatten(0, 1);

    private static ModelFormatException Refuse(string found, string expected) => new("the model to upcycle", found, expected, "choose a dense Gemma-2 model");
}
