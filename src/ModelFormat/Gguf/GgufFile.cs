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
        var tensors = TensorNames.Of(weights.Config).Select(weight => (Source: new TensorInfo(weight.Name, type, weight.Shape), Target: Target(weight.Name, weight.Shape, type))).ToList();
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
            if (target.Shape.Count == 1) WriteNorm(file, at, weights, source);
            else Append(file, at, matrices.Read(source.Name, source.Count), source.ByteLength);
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
        header.Add($"{Architecture}.attention.layer_norm_rms_epsilon", (float)config.RmsNormEps);
        header.Add($"{Architecture}.attention.sliding_window", (uint)a.Window);
        header.Add($"{Architecture}.attn_logit_softcapping", (float)a.LogitSoftcap!.Value);
        header.Add($"{Architecture}.final_logit_softcapping", (float)config.FinalLogitSoftcap!.Value);
        header.Add($"{Architecture}.rope.freq_base", (float)a.RopeTheta);
    }

    private static TensorInfo Target(string weight, long[] shape, TensorType type) => new(NameOf(weight), shape.Length == 1 ? TensorType.F32 : type, shape);

    private static string NameOf(string weight)
    {
        if (weight == TensorNames.Embedding) return "token_embd.weight";
        if (weight == TensorNames.FinalNorm) return "output_norm.weight";
        string[] parts = weight.Split('.', 4);
        return $"blk.{parts[2]}." + parts[3] switch
        {
            "input_layernorm.weight" => "attn_norm.weight",
            "self_attn.q_proj.weight" => "attn_q.weight",
            "self_attn.k_proj.weight" => "attn_k.weight",
            "self_attn.v_proj.weight" => "attn_v.weight",
            "self_attn.o_proj.weight" => "attn_output.weight",
            "post_attention_layernorm.weight" => "post_attention_norm.weight",
            "pre_feedforward_layernorm.weight" => "ffn_norm.weight",
            "mlp.gate_proj.weight" => "ffn_gate.weight",
            "mlp.up_proj.weight" => "ffn_up.weight",
            "mlp.down_proj.weight" => "ffn_down.weight",
            "post_feedforward_layernorm.weight" => "post_ffw_norm.weight",
            _ => throw new ArgumentException($"{weight} has no name in GGUF", nameof(weight)),
        };
    }

    private static void WriteNorm(Microsoft.Win32.SafeHandles.SafeFileHandle file, long at, IWeightSource weights, TensorInfo norm)
    {
        float[] values = new float[norm.Count];
        fixed (float* first = values) WeightConversion.Widen(weights.Read(norm.Name), weights.TypeOf(norm.Name), first, norm.Count);
        for (int i = 0; i < values.Length; i++) values[i] += 1;
        RandomAccess.Write(file, MemoryMarshal.AsBytes<float>(values), at);
    }

    private static void Append(Microsoft.Win32.SafeHandles.SafeFileHandle file, long at, byte* bytes, long count)
    {
        for (long done = 0; done < count; done += Chunk) RandomAccess.Write(file, new ReadOnlySpan<byte>(bytes + done, (int)Math.Min(Chunk, count - done)), at + done);
    }
}
