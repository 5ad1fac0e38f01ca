using System.Runtime.InteropServices;

namespace SparkTrain.ModelFormat.Gguf;

/// <summary>
/// Writes a model that is exactly Gemma-2 as a GGUF file, which llama.cpp and the programs around it run. Norm weights become 1 + w and stay float32, as llama.cpp
/// multiplies by them; everything else keeps its layout.
/// </summary>
public static unsafe class GgufFile
{
    private const string Architecture = "gemma2";

    // What general.file_type calls the type of most tensors.
    private const uint MostlyF32 = 0, MostlyF16 = 1, MostlyBf16 = 32;

    // So many bytes are handed to the disk at a time.
    private const int Chunk = 4 << 20;

    /// <summary>Writes a file and flushes it to the disk; one weight at a time is in memory.</summary>
    /// <param name="path">The file; replaced when it is there.</param>
    /// <param name="name">The model's name, for people.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="type">Type of the matrices: F32, BF16 or F16.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <exception cref="ModelFormatException">llama.cpp cannot run this model; the message names the key.</exception>
    /// <exception cref="IOException">The disk is full or the path is not writable.</exception>
    public static void Write(string path, string name, IWeightSource weights, TensorType type, GgufTokenizer tokenizer)
    {
        Require(weights.Config, name);
        var tensors = WeightSlots.Of(weights.Config).Select(weight => (Source: weight, Target: Target(weight, type))).ToList();
        using var header = new GgufHeader();
        AddKeys(header, name, weights.Config, type);
        tokenizer.AddTo(header);
        foreach (var (_, target) in tensors) header.Add(target);

        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write, FileShare.None);
        byte[] begin = header.ToBytes();
        RandomAccess.Write(file, begin, 0);
        RandomAccess.SetLength(file, begin.Length + header.DataBytes);
        long at = begin.Length;
        using var matrices = new WeightConversion(weights, type);
        foreach (var (source, target) in tensors)
        {
            if (source.Part == ModelPart.Norm) WriteNorm(file, at, weights, source);
            else Append(file, at, matrices.Read(source), target.ByteLength);
            at += GgufHeader.Aligned(target.ByteLength);
        }
        RandomAccess.FlushToDisk(file);
    }

    /// <summary>Refuses a model that llama.cpp cannot run.</summary>
    /// <param name="config">The model.</param>
    /// <param name="where">Names it in the message.</param>
    /// <exception cref="ModelFormatException">The message names the key.</exception>
    public static void Require(ModelConfig config, string where)
    {
        if (Gemma2Form.LlamaCppProblem(config) is var (key, problem))
            throw new ModelFormatException($"{where} {key}", problem, "a model that llama.cpp's Gemma-2 can be", "export it as a model folder: only dense models go to GGUF");
    }

    private static void AddKeys(GgufHeader header, string name, ModelConfig config, TensorType type)
    {
        var a = config.Attention;
        header.Add("general.architecture", Architecture);
        header.Add("general.type", "model");
        header.Add("general.name", name);
        header.Add("general.file_type", type switch { TensorType.F32 => MostlyF32, TensorType.F16 => MostlyF16, _ => MostlyBf16 });
        header.Add($"{Architecture}.context_length", (uint)config.MaxSeqLen);
        header.Add($"{Architecture}.embedding_length", (uint)config.DModel);
        header.Add($"{Architecture}.block_count", (uint)config.NumLayers);
        header.Add($"{Architecture}.feed_forward_length", (uint)config.Ffn.DFf);
        header.Add($"{Architecture}.vocab_size", (uint)config.VocabSize);
        header.Add($"{Architecture}.attention.head_count", (uint)a.NumHeads);
        header.Add($"{Architecture}.attention.head_count_kv", (uint)a.NumKvHeads);
        header.Add($"{Architecture}.attention.key_length", (uint)a.HeadDim);
        header.Add($"{Architecture}.attention.value_length", (uint)a.HeadDim);
        header.Add($"{Architecture}.attention.layer_norm_rms_epsilon", (float)config.Norm.Eps);
        header.Add($"{Architecture}.attention.sliding_window", (uint)a.Window!.Value);
        header.Add($"{Architecture}.attn_logit_softcapping", (float)a.LogitSoftcap!.Value);
        header.Add($"{Architecture}.final_logit_softcapping", (float)config.FinalLogitSoftcap!.Value);
        header.Add($"{Architecture}.rope.freq_base", (float)a.RopeTheta);
    }

    private static TensorInfo Target(WeightSlot weight, TensorType type) => new(NameOf(weight), weight.Part == ModelPart.Norm ? TensorType.F32 : type, weight.Shape);

    private static string NameOf(WeightSlot weight) => (weight.Layer is { } layer ? FormattableString.Invariant($"blk.{layer}.") : "") + weight.Role switch
    {
        WeightRole.Embedding => "token_embd",
        WeightRole.NormBeforeAttention => "attn_norm",
        WeightRole.Query => "attn_q",
        WeightRole.Key => "attn_k",
        WeightRole.Value => "attn_v",
        WeightRole.AttentionOutput => "attn_output",
        WeightRole.NormAfterAttention => "post_attention_norm",
        WeightRole.NormBeforeFfn => "ffn_norm",
        WeightRole.FfnGate => "ffn_gate",
        WeightRole.FfnUp => "ffn_up",
        WeightRole.FfnDown => "ffn_down",
        WeightRole.NormAfterFfn => "post_ffw_norm",
        WeightRole.FinalNorm => "output_norm",
        _ => throw new ArgumentOutOfRangeException(nameof(weight), weight.Role, "a role without a name in GGUF"),
    } + ".weight";

    private static void WriteNorm(Microsoft.Win32.SafeHandles.SafeFileHandle file, long at, IWeightSource weights, WeightSlot norm)
    {
        float[] values = new float[norm.Count];
        fixed (float* first = values) WeightConversion.Widen(weights.Read(norm), weights.TypeOf(norm), first, norm.Count);
        for (int i = 0; i < values.Length; i++) values[i] += 1;
        RandomAccess.Write(file, MemoryMarshal.AsBytes<float>(values), at);
    }

    private static void Append(Microsoft.Win32.SafeHandles.SafeFileHandle file, long at, byte* bytes, long count)
    {
        for (long done = 0; done < count; done += Chunk) RandomAccess.Write(file, new ReadOnlySpan<byte>(bytes + done, (int)Math.Min(Chunk, count - done)), at + done);
    }
}
