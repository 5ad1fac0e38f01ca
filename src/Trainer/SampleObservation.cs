using SparkTrain.Data;
using SparkTrain.Input;
using SparkTrain.Model;
using static TorchSharp.torch;

namespace SparkTrain.Trainer;

/// <summary>Runs samples through a model for the sake of what is recorded on the way.</summary>
public static class SampleObservation
{
    /// <summary>Runs one sample through the blocks, as training would, without its last token, which is a target only. Computes no gradient.</summary>
    /// <param name="model">The model.</param>
    /// <param name="samples">The run's samples.</param>
    /// <param name="sample">The sample's global index.</param>
    /// <exception cref="DataException">A shard is damaged.</exception>
    public static void Observe(this Transformer model, TrainingSamples samples, long sample)
    {
        using var scope = NewDisposeScope();
        var (tokens, documents) = (new int[samples.Columns], new int[samples.Columns]);
        samples.Read(sample, tokens, documents);
        Tensor Row(int[] ids) => tensor(ids, [1, ids.Length], ScalarType.Int64, model.Options.Device)[.., ..^1];
        model.Observe(Row(tokens), Row(documents));
    }
}
