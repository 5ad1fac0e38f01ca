using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using SparkTrain.Data;
using SparkTrain.ModelFormat;
using SparkTrain.Support;
using SparkTrain.Tokenizers;

namespace SparkTrain.Integration.Tests;

/// <summary>
/// A dense Gemma-2 folder made by hand. Its next token follows from the last one alone: the first layer's FFN adds 1.5 times the unit vector of the token that comes next to the one of the token that is there,
/// and the embedding is a unit matrix; nothing else does anything. Behind "A" it writes 😀STOP€xyz and ends.
/// </summary>
internal static class ChainModel
{
    public const string Text = "A😀STOP€xyz";

    private const int Width = 264, Tokens = 258, Layers = 2;
    private const float Strength = 1.5f, FinalNorm = 0.5f;

    private static readonly int[] Chain = [256, 'A', 0xF0, 0x9F, 0x98, 0x80, 'S', 'T', 'O', 'P', 0xE2, 0x82, 0xAC, 'x', 'y', 'z', 257];

    /// <summary>The keys of config.json.</summary>
    public static JsonObject Config => JsonNode.Parse("""
        {"architectures":["Gemma2ForCausalLM"],"model_type":"gemma2","vocab_size":258,"hidden_size":264,"intermediate_size":264,"num_hidden_layers":2,"num_attention_heads":2,"num_key_value_heads":1,
         "head_dim":8,"query_pre_attn_scalar":8,"sliding_window":64,"max_position_embeddings":256,"attn_logit_softcapping":50.0,"final_logit_softcapping":30.0,"rms_norm_eps":1e-6,"rope_theta":10000.0,
         "hidden_activation":"gelu_pytorch_tanh","attention_bias":false,"torch_dtype":"float32","bos_token_id":256,"eos_token_id":257}
        """)!.AsObject();

    /// <summary>The weights under their names, in one order; an older model goes on from 😀 with xyz.</summary>
    public static List<(string Name, long[] Shape, float[] Values)> Weights(bool older = false)
    {
        int[] next = [.. Enumerable.Repeat((int)'A', Tokens)];
        foreach (var (token, follower) in Chain.Zip(Chain.Skip(1))) next[token] = follower;
        if (older) next[0x80] = 'x';
        List<(string, long[], float[])> weights = [(WeightNames.Embedding, [Tokens, Width], Places(Tokens, Width, token => (token, token)))];
        for (int layer = 0; layer < Layers; layer++)
            foreach (var (name, shape) in ((string, long[])[])
                [("input_layernorm", [Width]), ("self_attn.q_proj", [16, Width]), ("self_attn.k_proj", [8, Width]), ("self_attn.v_proj", [8, Width]), ("self_attn.o_proj", [Width, 16]), ("post_attention_layernorm", [Width]),
                 ("pre_feedforward_layernorm", [Width]), ("mlp.gate_proj", [Width, Width]), ("mlp.up_proj", [Width, Width]), ("mlp.down_proj", [Width, Width]), ("post_feedforward_layernorm", [Width])])
                weights.Add((WeightNames.Layer(layer, name), shape, layer > 0 ? new float[shape.Aggregate((a, b) => a * b)] : name switch
                {
                    "mlp.gate_proj" or "mlp.up_proj" => Places(Width, Width, token => (token, token)),
                    "mlp.down_proj" => Places(Width, Width, token => (next[token], token)),
                    "post_feedforward_layernorm" => [.. Enumerable.Repeat(Strength - 1, Width)],
                    _ => new float[shape.Aggregate((a, b) => a * b)],
                }));
        weights.Add((WeightNames.FinalNorm, [Width], [.. Enumerable.Repeat(FinalNorm - 1, Width)]));
        return weights;
    }

    /// <summary>Writes config.json, the tokenizer and weights into a folder, which is made.</summary>
    public static void Write(string folder, JsonObject? config = null, IEnumerable<(string Name, long[] Shape, float[] Values)>? weights = null)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, ModelFolder.ConfigFile), (config ?? Config).ToJsonString());
        new ByteTokenizer().Save(folder);
        WriteFile(Path.Combine(folder, ModelFolder.WeightsFile), weights ?? Weights());
    }

    /// <summary>Writes one file of weights.</summary>
    public static unsafe void WriteFile(string path, IEnumerable<(string Name, long[] Shape, float[] Values)> weights)
    {
        var held = weights.Select(weight => (weight, Handle: GCHandle.Alloc(weight.Values, GCHandleType.Pinned))).ToList();
        SafetensorsWriter.Write(path, [.. held.Select(w => (new TensorInfo(w.weight.Name, TensorType.F32, w.weight.Shape), (SafetensorsWriter.Source)(() => (byte*)w.Handle.AddrOfPinnedObject())))]);
        held.ForEach(w => w.Handle.Free());
    }

    private static float[] Places(int rows, int columns, Func<int, (int Row, int Column)> place)
    {
        float[] values = new float[rows * columns];
        foreach (var (row, column) in Enumerable.Range(0, Tokens).Select(place)) values[row * columns + column] = 1;
        return values;
    }
}
