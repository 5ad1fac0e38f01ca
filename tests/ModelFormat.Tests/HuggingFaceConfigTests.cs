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
    public void So_is_one_that_transformers_5_wrote()
    {
        string layers = string.Join(",", Enumerable.Range(0, 26).Select(layer => layer % 2 == 0 ? "\"sliding_attention\"" : "\"full_attention\""));
        string json = $$$"""
            {"architectures":["Gemma2ForCausalLM"],"attention_bias":false,"attention_dropout":0.0,"attn_logit_softcapping":50.0,"bos_token_id":2,"dtype":"bfloat16","eos_token_id":[1,107],
             "final_logit_softcapping":30.0,"head_dim":256,"hidden_activation":"gelu_pytorch_tanh","hidden_size":2304,"initializer_range":0.02,"intermediate_size":9216,
             "layer_types":[{{{layers}}}],"max_position_embeddings":8192,"model_type":"gemma2","num_attention_heads":8,"num_hidden_layers":26,"num_key_value_heads":4,"pad_token_id":0,
             "query_pre_attn_scalar":256,"rms_norm_eps":1e-06,"rope_parameters":{"rope_theta":10000.0,"rope_type":"default"},"sliding_window":4096,"tie_word_embeddings":true,
             "transformers_version":"5.0.0","use_bidirectional_attention":null,"use_cache":true,"vocab_size":256000}
            """;
        Assert.Equal(Shapes.Gemma2B, Read(json));
        Assert.Equal(500_000, Read(json.Replace("\"rope_theta\":10000.0", "\"rope_theta\":500000.0", StringComparison.Ordinal)).Attention.RopeTheta);
        foreach (var (found, replaced, message) in ((string, string, string)[])
            [("\"rope_type\":\"default\"", "\"rope_type\":\"yarn\"", "rope_type is yarn"), ("\"use_bidirectional_attention\":null", "\"use_bidirectional_attention\":true", "use_bidirectional_attention is True"),
             ("\"rope_parameters\":{\"rope_theta\":10000.0,\"rope_type\":\"default\"}", "\"rope_parameters\":[1]", "rope_parameters is [1]"), ("\"use_cache\":true", "\"quantization_config\":{\"bits\":4}", "quantization_config is")])
            Assert.Contains(message, Assert.Throws<ModelFormatException>(() => Read(json.Replace(found, replaced, StringComparison.Ordinal))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_dense_model_is_written_with_the_keys_and_number_types_that_hugging_face_reads()
    {
        string json = HuggingFaceConfig.WriteGemma2(Shapes.Gemma2B, TensorType.BF16, 2, 1);
        Assert.Equal(Shapes.Gemma2B, Read(json));
        var keys = JsonNode.Parse(json)!.AsObject();
        Assert.Equal(("gemma2", """["Gemma2ForCausalLM"]""", "bfloat16", 2, 1), ((string?)keys["model_type"], keys["architectures"]!.ToJsonString(), (string?)keys["torch_dtype"], (int)keys["bos_token_id"]!, (int)keys["eos_token_id"]!));
        Assert.Null(keys["pad_token_id"]);
        // Its strict configuration takes a number without a point for an int, and an int for no float.
        foreach (string floating in (string[])["attn_logit_softcapping", "final_logit_softcapping", "rope_theta", "rms_norm_eps", "attention_dropout"]) Assert.Matches(@"[.E]", keys[floating]!.ToJsonString());
        foreach (string whole in (string[])["query_pre_attn_scalar", "sliding_window", "head_dim"]) Assert.Matches(@"^\d+$", keys[whole]!.ToJsonString());
        Assert.DoesNotContain(keys, key => key.Key.StartsWith("ffn_", StringComparison.Ordinal) || key.Key.StartsWith("topk_", StringComparison.Ordinal) || key.Key is "attention_kind" or "attention_active" or "attention_predictor_dim");
        Assert.Equal("""{"bos_token_id":2,"eos_token_id":1,"do_sample":true}""", JsonNode.Parse(HuggingFaceConfig.WriteGeneration(2, 1))!.ToJsonString());
        Assert.Equal("""{"eos_token_id":1,"do_sample":true}""", JsonNode.Parse(HuggingFaceConfig.WriteGeneration(null, 1))!.ToJsonString());
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
