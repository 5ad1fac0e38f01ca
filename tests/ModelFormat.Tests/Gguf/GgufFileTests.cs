using System.Runtime.InteropServices;
using SparkTrain.ModelFormat.Gguf;

namespace SparkTrain.ModelFormat.Tests.Gguf;

public sealed class GgufFileTests : IDisposable
{
    private const string ByteLevel = """{"model":{"vocab":{"a":0,"b":1,"ab":2,"<eos>":3},"merges":["a b"]},"added_tokens":[{"id":3,"content":"<eos>","special":true},{"id":4,"content":"<x>","special":false}],"pre_tokenizer":{"type":"ByteLevel","use_regex":true}}""";

    private readonly string folder = Directory.CreateTempSubdirectory("gguf-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(TensorType.F32, 0, 0)]
    [InlineData(TensorType.F16, 1, 1)]
    [InlineData(TensorType.BF16, 30, 32)]
    public void The_golden_dense_model_has_llama_cpps_keys_names_and_layout(TensorType type, int tensorType, int fileType)
    {
        using var model = ModelFolder.Open(Goldens.Folder("gemma2-tiny"));
        var file = Write(model, type);
        // tests/goldens/gemma2-tiny/config.json.
        var (c, a) = (model.Config, model.Config.Attention);
        (string, object)[] expected =
        [
            ("general.architecture", "gemma2"), ("general.file_type", (uint)fileType), ("gemma2.context_length", (uint)c.MaxSeqLen), ("gemma2.embedding_length", (uint)c.DModel), ("gemma2.block_count", (uint)c.NumLayers),
            ("gemma2.feed_forward_length", (uint)c.Ffn.DFf), ("gemma2.attention.head_count", (uint)a.NumHeads), ("gemma2.attention.head_count_kv", (uint)a.NumKvHeads), ("gemma2.attention.key_length", (uint)a.HeadDim),
            ("gemma2.attention.value_length", (uint)a.HeadDim), ("gemma2.attention.layer_norm_rms_epsilon", 1e-6f), ("gemma2.attention.sliding_window", (uint)a.Window!.Value), ("gemma2.attn_logit_softcapping", 50f),
            ("gemma2.final_logit_softcapping", 30f), ("gemma2.rope.freq_base", 10000f),
        ];
        foreach (var (key, value) in expected) Assert.Equal((key, value), (key, file.Keys[key]));

        Assert.Equal(2 + 11 * c.NumLayers, file.Tensors.Count);
        foreach (var (ours, theirs) in ((string, string)[])
            [("model.embed_tokens.weight", "token_embd.weight"), ("model.layers.0.self_attn.k_proj.weight", "blk.0.attn_k.weight"), ("model.layers.1.mlp.gate_proj.weight", "blk.1.ffn_gate.weight"), ("model.layers.1.mlp.down_proj.weight", "blk.1.ffn_down.weight")])
        {
            var (sizes, stored, bytes) = file.Tensors[theirs];
            Assert.Equal(model.FileOf(ours).Info(ours).Shape.Reverse(), sizes);
            Assert.Equal(tensorType, stored);
            float[] weights = MemoryMarshal.Cast<byte, float>(model.FileOf(ours).Bytes(ours)).ToArray();
            if (type == TensorType.F32) Assert.Equal(weights, MemoryMarshal.Cast<byte, float>(bytes).ToArray());
            if (type == TensorType.F16) Assert.Equal(weights.Select(w => (Half)w), MemoryMarshal.Cast<byte, Half>(bytes).ToArray());
            if (type == TensorType.BF16) Assert.Equal(weights.Select(Bfloat16.Round), MemoryMarshal.Cast<byte, ushort>(bytes).ToArray());
        }
        // Norms are float32 in every file, and hold what the values are multiplied by.
        foreach (var (ours, theirs) in ((string, string)[])
            [("model.norm.weight", "output_norm.weight"), ("model.layers.1.input_layernorm.weight", "blk.1.attn_norm.weight"), ("model.layers.1.post_attention_layernorm.weight", "blk.1.post_attention_norm.weight"),
             ("model.layers.0.pre_feedforward_layernorm.weight", "blk.0.ffn_norm.weight"), ("model.layers.0.post_feedforward_layernorm.weight", "blk.0.post_ffw_norm.weight")])
        {
            Assert.Equal(0, file.Tensors[theirs].Type);
            Assert.Equal(MemoryMarshal.Cast<byte, float>(model.FileOf(ours).Bytes(ours)).ToArray().Select(w => 1 + w), MemoryMarshal.Cast<byte, float>(file.Tensors[theirs].Bytes).ToArray());
        }
    }

    [Theory]
    [InlineData("spark-tiny", "Model.Ffn.Kind: layer 0 has a Spark FFN")]
    [InlineData("relu2-gated", "Model.Ffn.Kind: layer 0 has a GatedRelu2 FFN")]
    public void A_sparse_model_is_refused_by_the_key(string golden, string message)
    {
        using var model = ModelFolder.Open(Goldens.Folder(golden));
        Assert.Contains(message, Assert.Throws<ModelFormatException>(() => Write(model, TensorType.F32)).Message, StringComparison.Ordinal);
        Assert.Equal(["tokenizer.json"], Directory.GetFiles(folder).Select(Path.GetFileName));
    }

    [Fact]
    public void A_byte_level_tokenizer_has_pieces_kinds_and_merges_and_fills_the_vocabulary_up()
    {
        var keys = WriteWith(ByteLevel, bos: null, eos: 3).Keys;
        Assert.Equal(["a", "b", "ab", "<eos>", "<x>", "[PAD5]"], ((object[])keys["tokenizer.ggml.tokens"])[..6]);
        Assert.Equal([1, 1, 1, 3, 4, 5], ((object[])keys["tokenizer.ggml.token_type"])[..6]);
        Assert.Equal(("gpt2", "gpt-2", 3u, false), (keys["tokenizer.ggml.model"], keys["tokenizer.ggml.pre"], keys["tokenizer.ggml.eos_token_id"], keys["tokenizer.ggml.add_bos_token"]));
        Assert.Equal(["a b"], (object[])keys["tokenizer.ggml.merges"]);
        Assert.False(keys.ContainsKey("tokenizer.ggml.bos_token_id"));
        Assert.Equal(0u, WriteWith(ByteLevel, bos: 0, eos: 3).Keys["tokenizer.ggml.bos_token_id"]);
    }

    [Fact]
    public void A_tokenizer_of_characters_has_scores_in_the_order_of_its_merges()
    {
        // Merges of one piece count as its first.
        var keys = WriteWith("""
            {"model":{"unk_token":"<unk>","vocab":{"<unk>":0,"<eos>":1,"<0x0A>":2,"▁":3,"a":4,"b":5,"ab":6,"▁a":7,"▁ab":8,"odd":9},"merges":[["a","b"],["▁","a"],["▁a","b"],["▁","ab"]]},
             "added_tokens":[{"id":0,"content":"<unk>","special":true},{"id":1,"content":"<eos>","special":true},{"id":10,"content":"▁▁","special":false}],
             "normalizer":{"type":"Replace","pattern":{"String":" "},"content":"▁"}}
            """, bos: null, eos: 1).Keys;
        Assert.Equal("llama", keys["tokenizer.ggml.model"]);
        Assert.Equal(["<unk>", "<eos>", "<0x0A>", "▁", "a", "b", "ab", "▁a", "▁ab", "odd", "  "], ((object[])keys["tokenizer.ggml.tokens"])[..11]);
        Assert.Equal([2, 3, 6, 1, 1, 1, 1, 1, 1, 1, 4], ((object[])keys["tokenizer.ggml.token_type"])[..11]);
        Assert.Equal([0f, 0f, 0f, -1e9f, -1e9f, -1e9f, 0f, -1f, -2f, -1e9f, 0f], ((object[])keys["tokenizer.ggml.scores"])[..11]);
        Assert.Equal(false, keys["tokenizer.ggml.add_space_prefix"]);
    }

    [Theory]
    [InlineData("\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"use_regex\":false}", "it does not cut text before merges")]
    [InlineData("\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":\"\\\\w+\"}},{\"type\":\"ByteLevel\",\"use_regex\":false}]}", @"it cuts text by \w+")]
    [InlineData("\"pre_tokenizer\":null", "it cannot be read")]
    public void A_tokenizer_that_llama_cpp_has_not_built_in_is_refused(string preTokenizer, string message)
    {
        string json = ByteLevel.Replace("\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"use_regex\":true}", preTokenizer, StringComparison.Ordinal);
        Assert.Contains(message, Assert.Throws<ModelFormatException>(() => WriteWith(json, null, 3)).Message, StringComparison.Ordinal);
    }

    private GgufContent WriteWith(string tokenizer, int? bos, int eos)
    {
        using var model = ModelFolder.Open(Goldens.Folder("gemma2-tiny"));
        return Write(model, TensorType.BF16, tokenizer, bos, eos);
    }

    private GgufContent Write(ModelFolder model, TensorType type, string tokenizer = ByteLevel, int? bos = null, int eos = 3)
    {
        string json = Path.Combine(folder, "tokenizer.json"), file = Path.Combine(folder, "a.gguf");
        File.WriteAllText(json, tokenizer);
        GgufFile.Write(file, "a", model, type, GgufTokenizer.Read(json, model.Config.VocabSize, bos, eos));
        return new(file);
    }
}
