using System.Runtime.InteropServices;

namespace SparkTrain.Inference.Tests.Reference;

/// <summary>What an independent implementation computed in float64 from a golden folder, read without libtorch.</summary>
internal sealed class Golden : IDisposable
{
    public static readonly string[] Names = ["gemma2-tiny", "spark-tiny", "spark-packed", "topk-gated", "relu2-gated"];

    private readonly SafetensorsFile file;

    public Golden(string name)
    {
        Folder = ModelFolder.Open(Path.Combine(AppContext.BaseDirectory, "goldens", name));
        file = SafetensorsFile.Open(Path.Combine(Folder.Path, "golden.safetensors"));
    }

    public ModelFolder Folder { get; }

    /// <summary>The sequences: what stands in one row and belongs to one document.</summary>
    public IEnumerable<(int Row, int First, int[] Tokens)> Sequences()
    {
        long[] tokens = Values<long>("tokens"), documents = file.Contains("document_ids") ? Values<long>("document_ids") : new long[tokens.Length];
        for (int row = 0, first = 0; row < Rows; row++, first = 0)
            for (int t = 1; t <= Length; t++)
                if (t == Length || documents[row * Length + t] != documents[row * Length + first])
                {
                    yield return (row, first, [.. Enumerable.Range(first, t - first).Select(i => (int)tokens[row * Length + i])]);
                    first = t;
                }
    }

    public int Rows => (int)file.Info("tokens").Shape[0];

    public int Length => (int)file.Info("tokens").Shape[1];

    /// <summary>The logits [V] that follow a position.</summary>
    public ReadOnlySpan<float> Logits(int row, int position) =>
        MemoryMarshal.Cast<byte, float>(file.Bytes("logits")).Slice((row * Length + position) * Folder.Config.VocabSize, Folder.Config.VocabSize);

    /// <summary>The share of active neurons of each layer; null where nothing is left out.</summary>
    public float[]? ActiveFraction() => file.Contains("ffn_active_fraction") ? Values<float>("ffn_active_fraction") : null;

    /// <summary>Keys that the heads of a query kept in a layer; null where attention keeps all.</summary>
    public int[]? Kept(int layer, int row, int position)
    {
        if (!file.Contains("attention_kept")) return null;
        long[] kept_LBHT = Values<long>("attention_kept");
        int heads = Folder.Config.Attention.NumHeads;
        return [.. Enumerable.Range(0, heads).Select(head => (int)kept_LBHT[((layer * Rows + row) * heads + head) * Length + position])];
    }

    public void Dispose()
    {
        file.Dispose();
        Folder.Dispose();
    }

    private T[] Values<T>(string name) where T : unmanaged => MemoryMarshal.Cast<byte, T>(file.Bytes(name)).ToArray();
}
