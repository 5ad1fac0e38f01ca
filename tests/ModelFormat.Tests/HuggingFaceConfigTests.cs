using System.Text.Json.Nodes;

namespace SparkTrain.ModelFormat.Tests;

public sealed class HuggingFaceConfigTests
{
    [Theory]
    [InlineData("gemma2-tiny")]
    [InlineData("spark-tiny")]
    [InlineData("spark-packed")]
    [InlineData("topk-gated")]
    [InlineData("relu2-gated")]
    public void Writing_what_was_read_gives_the_same_keys_and_values(string golden)
    {
        string path = Path.Combine(Goldens.Folder(golden), "config.json");
        var expected = JsonNode.Parse(File.ReadAllText(path));
        var actual = JsonNode.Parse(HuggingFaceConfig.Write(HuggingFaceConfig.Read(path), TensorType.F32));
        Assert.True(JsonNode.DeepEquals(expected, actual), actual?.ToJsonString());
    }

    [Fact]
    public void A_config_that_hugging_face_wrote_for_gemma_2_is_the_dense_baseline()
    {
        const string Json = """
            {"architectures":["Gemma2ForCausalLM"],"model_type":"gemma2","attention_bias":false,"attn_logit_softcapping":50.0,"bos_token_id":2,"eos_token_id":1,
             "cache_implementation":"hybrid","final_logit_softcapping":30.0,"head_dim":256,"hidden_act":"gelu_pytorch_tanh","hidden_activation":"gelu_pytorch_tanh",
             "hidden_size":2304,"initializer_range":0.02,"intermediate_size":9216,"max_position_embeddings":8192,"num_attention_heads":8,"num_hidden_layers":26,
             "num_key_value_heads":4,"query_pre_attn_scalar":256,"rms_norm_eps":1e-06,"rope_theta":10000.0,"sliding_window":4096,"torch_dtype":"float32","vocab_size":256000}
            """;
        Assert.Equal(Shapes.Gemma2B, Read(Json));
    }

    [Fact]
    public void An_absent_soft_cap_stays_absent()
    {
        var config = Shapes.Spark2B with { FinalLogitSoftcap = null, Attention = Shapes.Spark2B.Attention with { LogitSoftcap = null, QueryPreAttnScalar = 144 } };
        Assert.Equal(config, Read(HuggingFaceConfig.Write(config, TensorType.BF16)));
    }

    [Theory]
    [InlineData("\"model_type\": \"spark\"", "\"model_type\": \"llama\"", "model_type is 'llama'")]
    [InlineData("\"hidden_size\": 2304", "\"hidden_size\": 2304.5", "hidden_size is 2304.5")]
    [InlineData("\"hidden_size\": 2304", "\"hidden_size\": -1", "DModel")]
    [InlineData("\"ffn_kind\": \"spark\"", "\"ffn_kind\": \"moe\"", "ffn_kind is 'moe'.\n  expected: gated, gated_relu, gated_relu2, gated_topk, spark")]
    [InlineData("\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false", "tie_word_embeddings is False")]
    [InlineData("\"ffn_active\": 1106", "\"ffn_active\": 99999", "Active is 99999")]
    [InlineData("\"num_key_value_heads\": 4", "\"num_key_value_heads\": 3", "NumKvHeads is 3")]
    [InlineData("\"vocab_size\": 256000", "\"vocab_size\": 256000,,", "cannot be read")]
    public void What_does_not_fit_is_named(string found, string replaced, string message)
    {
        string json = HuggingFaceConfig.Write(Shapes.Spark2B, TensorType.F32);
        Assert.Contains(found, json, StringComparison.Ordinal);
        var e = Assert.Throws<ModelFormatException>(() => Read(json.Replace(found, replaced, StringComparison.Ordinal)));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    private static ModelConfig Read(string json)
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, json);
            return HuggingFaceConfig.Read(path);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
