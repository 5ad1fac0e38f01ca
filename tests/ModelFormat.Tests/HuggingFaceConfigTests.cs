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
        string json = SparkConfigWriter.WriteGemma2(Shapes.Gemma2B, TensorType.BF16, 2, 1);
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
    [InlineData("\"ffn_kind\": \"spark\"", "\"ffn_kind\": \"moe\"", "ffn_kind is 'moe'.\n  expected: gated, gated_relu, gated_relu2, gated_silu, gated_topk, spark")]
    [InlineData("\"tie_word_embeddings\": true", "\"tie_word_embeddings\": \"no\"", "tie_word_embeddings is \"no\".\n  expected: true or false")]
    [InlineData("\"attention_bias\": false", "\"attention_bias\": false, \"mlp_bias\": true", "mlp_bias is True, attention_bias False")]
    [InlineData("\"rms_norm_eps\"", "\"norm_placement\": \"post\", \"rms_norm_eps\"", "norm_placement is 'post'.\n  expected: sandwich, pre")]
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

    /// <summary>Each key of Gemma-2's config.json with the value that Gemma2Config of transformers 4.57 and 5.24 has where it is missing.</summary>
    public static TheoryData<string, Func<ModelConfig, object?>, object?> Defaults() => new()
    {
        { "vocab_size", c => c.VocabSize, 256_000 }, { "hidden_size", c => c.DModel, 2304 }, { "intermediate_size", c => c.Ffn.DFf, 9216 }, { "num_hidden_layers", c => c.NumLayers, 26 },
        { "num_attention_heads", c => c.Attention.NumHeads, 8 }, { "num_key_value_heads", c => c.Attention.NumKvHeads, 4 }, { "head_dim", c => c.Attention.HeadDim, 256 },
        { "query_pre_attn_scalar", c => c.Attention.QueryScale(), 1.0 / 16 }, { "sliding_window", c => c.Attention.Window, 4096 }, { "max_position_embeddings", c => c.MaxSeqLen, 8192 },
        { "attn_logit_softcapping", c => c.Attention.LogitSoftcap, 50.0 }, { "final_logit_softcapping", c => c.FinalLogitSoftcap, 30.0 }, { "rms_norm_eps", c => c.Norm.Eps, 1e-6 },
        { "rope_theta", c => c.Attention.RopeTheta, 10_000.0 }, { "layer_types", c => string.Join(" ", Enumerable.Range(0, 4).Select(c.Attention.SpanOf)), "Local Global Local Global" },
        { "hidden_activation", c => c.Ffn.Kind, FfnKind.Gated }, { "attention_bias", c => c.Ffn.Kind, FfnKind.Gated }, { "tie_word_embeddings", c => c.Ffn.Kind, FfnKind.Gated },
    };

    // All others have values of their own: no default may follow from another key.
    [Theory]
    [MemberData(nameof(Defaults))]
    public void A_key_that_a_gemma_2_folder_leaves_out_is_what_transformers_takes(string key, Func<ModelConfig, object?> of, object? expected)
    {
        var keys = JsonNode.Parse("""
            {"model_type":"gemma2","vocab_size":300,"hidden_size":48,"intermediate_size":96,"num_hidden_layers":4,"num_attention_heads":4,"num_key_value_heads":2,"head_dim":8,
             "query_pre_attn_scalar":24,"sliding_window":16,"max_position_embeddings":64,"attn_logit_softcapping":20.0,"final_logit_softcapping":10.0,"rms_norm_eps":1e-5,"rope_theta":500.0,
             "hidden_activation":"gelu_pytorch_tanh","hidden_act":"relu","attention_bias":false,"tie_word_embeddings":true,
             "layer_types":["full_attention","sliding_attention","full_attention","sliding_attention"]}
            """)!.AsObject();
        if (key == "num_hidden_layers") keys.Remove("layer_types");
        Assert.True(keys.Remove(key));
        Assert.Equal(expected, of(Read(keys.ToJsonString())));
        // In a Spark folder shapes have no default.
        keys["model_type"] = "spark";
        if (key is "vocab_size" or "hidden_size" or "intermediate_size" or "num_hidden_layers" or "num_attention_heads" or "num_key_value_heads" or "head_dim" or "query_pre_attn_scalar" or "max_position_embeddings")
            Assert.Contains($"{key} is missing", Refusal(keys.ToJsonString()), StringComparison.Ordinal);
        // What transformers computes with cannot be null, but for the caps, the window and the types of layers.
        keys["model_type"] = "gemma2";
        keys[key] = null;
        if (key is "attn_logit_softcapping" or "final_logit_softcapping") Assert.Null(of(Read(keys.ToJsonString())));
        else if (key == "layer_types") Assert.Equal(expected, of(Read(keys.ToJsonString())));
        else Assert.Contains($"{key} is null", Refusal(keys.ToJsonString()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_window_may_be_null_where_no_layer_has_one()
    {
        string Json(params string[] layers) => $$"""{"model_type":"gemma2","num_hidden_layers":2,"sliding_window":null,"layer_types":[{{string.Join(",", layers.Select(layer => $"\"{layer}_attention\""))}}]}""";
        var config = Read(Json("full", "full"));
        Assert.Equal((null, null), (config.Attention.WindowOf(0), config.Attention.WindowOf(1)));
        Assert.Contains("sliding_window is null, but layer 1 of 2 is sliding_attention", Refusal(Json("full", "sliding")), StringComparison.Ordinal);
        Assert.Contains("sliding_window is null, but layer 0 of 26 is sliding_attention", Refusal("""{"model_type":"gemma2","sliding_window":null}"""), StringComparison.Ordinal);
        Assert.Contains("layer_types is", Refusal(Json("full")), StringComparison.Ordinal);
        Assert.Contains("layer_types holds \"chunked_attention\"", Refusal(Json("full", "chunked")), StringComparison.Ordinal);
    }

    // As transformers 5 standardizes them: rope_scaling before rope_parameters, and the older rope_theta where neither says one.
    [Theory]
    [InlineData("\"rope_theta\":5000.0", 5000)]
    [InlineData("\"rope_theta\":1e16", 1e16)]
    [InlineData("\"rope_theta\":1e30", 1e30)]
    [InlineData("\"rope_theta\":5000.0,\"rope_parameters\":null", 5000)]
    [InlineData("\"rope_theta\":5000.0,\"rope_parameters\":{}", 5000)]
    [InlineData("\"rope_theta\":5000.0,\"rope_parameters\":{\"rope_type\":\"default\"}", 5000)]
    [InlineData("\"rope_theta\":5000.0,\"rope_parameters\":{\"rope_type\":\"default\",\"rope_theta\":700.0}", 700)]
    [InlineData("\"rope_parameters\":{\"rope_type\":\"default\"}", 10_000)]
    [InlineData("\"rope_theta\":5000.0,\"rope_scaling\":{\"rope_type\":\"default\"}", 5000)]
    [InlineData("\"rope_scaling\":{\"rope_theta\":7.0},\"rope_parameters\":{\"rope_theta\":9.0}", 7)]
    [InlineData("\"rope_parameters\":{\"rope_theta\":9.0,\"partial_rotary_factor\":1.0}", 9)]
    public void The_base_of_the_rotation_is_what_transformers_takes(string keys, double expected) =>
        Assert.Equal(expected, Read($$"""{"model_type":"gemma2",{{keys}}}""").Attention.RopeTheta);

    [Theory]
    [InlineData("\"rope_scaling\":{\"type\":\"linear\",\"factor\":2.0}", "type is linear")]
    [InlineData("\"rope_scaling\":{\"rope_type\":\"dynamic\",\"factor\":2.0}", "rope_type is dynamic")]
    [InlineData("\"rope_parameters\":{\"type\":\"linear\",\"factor\":2.0}", "type is linear")]
    [InlineData("\"rope_parameters\":{\"full_attention\":{\"rope_theta\":1e6},\"sliding_attention\":{\"rope_theta\":1e4}}", "rope_parameters has parameters for full_attention alone")]
    [InlineData("\"rope_parameters\":{\"rope_theta\":1e4,\"partial_rotary_factor\":0.5}", "partial_rotary_factor is 0.5")]
    [InlineData("\"partial_rotary_factor\":0.5", "partial_rotary_factor is 0.5")]
    [InlineData("\"rope_theta\":1e39", "RopeTheta")]
    [InlineData("\"tie_word_embeddings\":false", "tie_word_embeddings is False")]
    [InlineData("\"attention_bias\":true", "attention_bias is True")]
    [InlineData("\"hidden_activation\":\"relu\"", "hidden_activation is relu")]
    public void What_the_family_has_not_is_refused(string keys, string message) => Assert.Contains(message, Refusal($$"""{"model_type":"gemma2",{{keys}}}"""), StringComparison.Ordinal);

    private static string Refusal(string json) => Assert.Throws<ModelFormatException>(() => Read(json)).Message;

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
