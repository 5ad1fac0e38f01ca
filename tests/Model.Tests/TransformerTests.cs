using SparkTrain.Kernels;
using SparkTrain.Model.Tests.Reference;
using SparkTrain.Support;

namespace SparkTrain.Model.Tests;

public sealed class TransformerTests : IClassFixture<OneThread>
{
    public static IEnumerable<TheoryDataRow<FfnKind, AttentionKind>> Kinds() =>
        [new(FfnKind.Spark, AttentionKind.Spark), new(FfnKind.GatedTopk, AttentionKind.Topk), new(FfnKind.Gated, AttentionKind.Dense)];

    [Theory, MemberData(nameof(Kinds))]
    public void A_later_token_changes_no_earlier_logit(FfnKind ffn, AttentionKind attention)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var config = TinyConfigs.Of(ffn, attention);
        using var model = TinyConfigs.Model(config);
        var tokens_BT = TinyConfigs.Tokens(config, 2, 20);
        var changed_BT = tokens_BT.clone();
        changed_BT[.., 13] = (changed_BT[.., 13] + 1).remainder(config.VocabSize);
        var (before, after) = (model.call(tokens_BT, null), model.call(changed_BT, null));
        Assert.True(before[.., ..13].eq(after[.., ..13]).all().item<bool>());
        Assert.False(before[.., 13..].eq(after[.., 13..]).all().item<bool>());
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_local_layer_sees_its_window_and_nothing_beyond(FfnKind ffn, AttentionKind attention)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var config = TinyConfigs.Of(ffn, attention) with { NumLayers = 1 };
        // As many keys are kept as the window holds, so that the oldest one in it counts for certain.
        config = config with { Attention = config.Attention with { Active = attention == AttentionKind.Dense ? 0 : 5 } };
        using var model = TinyConfigs.Model(config);
        var tokens_BT = TinyConfigs.Tokens(config, 1, 20);
        var changed_BT = tokens_BT.clone();
        changed_BT[0, 8] = (changed_BT[0, 8] + 1).remainder(config.VocabSize);
        var differs_T = model.call(tokens_BT, null).ne(model.call(changed_BT, null)).any(-1)[0].data<bool>().ToArray();
        Assert.Equal(Enumerable.Range(0, 20).Select(t => t is >= 8 and < 8 + 5), differs_T);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_block_reports_when_its_gradients_and_those_after_it_are_complete(FfnKind ffn, AttentionKind attention)
    {
        using var scope = NewDisposeScope();
        var config = TinyConfigs.Of(ffn, attention) with { NumLayers = 3 };
        var seen = new List<(int Layer, Dictionary<string, Tensor> Gradients)>();
        Transformer? model = null;
        using (model = new Transformer(config, new ComputeOptions { BlockBackwardDone = layer => seen.Add((layer, Gradients())) }))
        {
            WeightInit.Fill(model, 1);
            var tokens_BT = TinyConfigs.Tokens(config, 2, 20);
            model.Loss(tokens_BT).Nats.backward();
            KernelFailure.ThrowIfAny();
            Assert.Equal([2, 1, 0], seen.Select(s => s.Layer));
            var final = Gradients();
            foreach (var (layer, gradients) in seen)
                foreach (var (slot, _) in model.Weights.Where(w => w.Slot.Role == WeightRole.FinalNorm || w.Slot.Layer >= layer))
                    Assert.True(gradients.TryGetValue(slot.Name, out var early) && early.Equals(final[slot.Name]), $"{slot.Name} at the report of layer {layer}");
            foreach (var gradient in seen.SelectMany(s => s.Gradients.Values).Concat(final.Values)) gradient.Dispose();
        }

        Dictionary<string, Tensor> Gradients() 
        {
            var gradients = new Dictionary<string, Tensor>();
            foreach (var (slot, weight) in model!.Weights)
            {
                using var gradient = weight.grad;
                if (gradient is not null) gradients[slot.Name] = gradient.clone().DetachFromDisposeScope();
            }
            return gradients;
        }
    }

    [Fact]
    public void Packed_documents_give_what_they_give_alone()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using var golden = new Golden("spark-packed");
        using var model = golden.Model(Form.Fused32);
        var packed_TV = model.call(golden.Tokens_BT, golden.DocumentIds_BT)[0];
        long[] documents = golden.DocumentIds_BT![0].data<long>().ToArray();
        Assert.True(documents.Distinct().Count() > 1);
        foreach (long document in documents.Distinct())
        {
            int begin = Array.IndexOf(documents, document), end = Array.LastIndexOf(documents, document) + 1;
            var alone_TV = model.call(golden.Tokens_BT[..1, begin..end], null)[0];
            Deviation.AssertWithin(1e-4, Deviation.Largest(alone_TV, packed_TV[begin..end]), $"document {document}");
        }
    }

    [Theory, InlineData("gemma2-tiny"), InlineData("spark-tiny"), InlineData("topk-gated")]
    public void Decoding_in_chunks_of_any_size_gives_the_logits_and_kept_keys_of_one_pass(string name)
    {
        using var golden = new Golden(name);
        int length = (int)golden.Tokens_BT.size(1);
        var sparsity = new SparsitySink(golden.Config.NumLayers) { KeepsEveryQuery = true };
        using var model = golden.Model(Form.Fused32, sparsity);
        using var outer = NewDisposeScope();
        using var noGradient = no_grad();
        var whole_BTV = model.call(golden.Tokens_BT, null);
        var kept_LBHT = Kept(sparsity, golden, [length]);

        Gen.Int[1, 17].Array[1, 60].Sample(cuts =>
        {
            using var scope = NewDisposeScope();
            using var cache = new KeyValueCache(golden.Config, 2, length, model.Options);
            sparsity.Reset();
            var parts = new List<Tensor>();
            var sizes = new List<int>();
            foreach (int cut in cuts.Append(length))
            {
                int size = Math.Min(cut, length - cache.Length);
                if (size == 0) break;
                parts.Add(model.Decode(golden.Tokens_BT[.., cache.Length..(cache.Length + size)], cache));
                sizes.Add(size);
            }
            Assert.Equal(length, cache.Length);
            Deviation.AssertWithin(1e-4, Deviation.Largest(cat(parts, 1), whole_BTV), "logits");
            Assert.True(Kept(sparsity, golden, sizes).eq(kept_LBHT).all().item<bool>());
        }, iter: 10, threads: 1);
    }

    [Fact]
    public void The_last_tokens_logits_can_be_had_alone()
    {
        using var scope = NewDisposeScope();
        using var model = TinyConfigs.Model(TinyConfigs.Spark);
        using var cache = new KeyValueCache(model.Config, 2, 8, model.Options);
        var tokens_BT = TinyConfigs.Tokens(model.Config, 2, 8);
        var all_BTV = model.Decode(tokens_BT, cache);
        cache.Clear();
        var last_B1V = model.Decode(tokens_BT, cache, lastOnly: true);
        Deviation.AssertWithin(Deviation.Rounding(model.Config, all_BTV), Deviation.Largest(last_B1V, all_BTV[.., 7..]), "last logits");
        Assert.Equal(8, cache.Length);
    }

    [Fact]
    public void A_full_cache_and_wrong_inputs_are_refused_in_the_users_terms()
    {
        using var scope = NewDisposeScope();
        using var model = TinyConfigs.Model(TinyConfigs.Spark);
        using var cache = new KeyValueCache(model.Config, 1, 4, model.Options);
        model.Decode(TinyConfigs.Tokens(model.Config, 1, 3), cache);
        Assert.Contains("5 tokens; expected 1 to 4 (the cache's capacity)", Refusal(() => model.Decode(TinyConfigs.Tokens(model.Config, 1, 2), cache)));
        cache.Clear();
        model.Decode(TinyConfigs.Tokens(model.Config, 1, 4), cache);
        Assert.Contains("65 tokens; expected 1 to 64 (MaxSeqLen)", Refusal(() => model.call(TinyConfigs.Tokens(model.Config, 1, 65), null)));
        Assert.Contains("from 0 to 29; expected 0 to 28", Refusal(() => model.call(tensor(new long[] { 0, 29 }).view(1, 2), null)));
        Assert.Contains("from -1 to 3; expected 0 to 28", Refusal(() => model.call(tensor(new long[] { 3, -1 }).view(1, 2), null)));
        Assert.Contains("expected int64 [batch, positions]", Refusal(() => model.call(zeros(4, ScalarType.Int64), null)));
        Assert.Contains("expected int64 [1, 4], as the tokens", Refusal(() => model.call(zeros(1, 4, ScalarType.Int64), zeros(1, 3, ScalarType.Int64))));

        static string Refusal(Action action) => Assert.ThrowsAny<ArgumentException>(action).Message;
    }

    [Fact]
    public void Loss_against_shifted_tokens_equals_the_loss_that_shifts_itself()
    {
        using var scope = NewDisposeScope();
        using var model = TinyConfigs.Model(TinyConfigs.Spark);
        var tokens_BT = TinyConfigs.Tokens(model.Config, 2, 21);
        var whole = model.Loss(tokens_BT);
        var shifted = model.Loss(tokens_BT[.., ..20], tokens_BT[.., 1..], null);
        Assert.Equal((40L, 40L), (whole.Targets, shifted.Targets));
        Assert.Equal(whole.Nats.item<float>(), shifted.Nats.item<float>(), 1e-4f);
        Assert.Equal(-whole.Nats.item<float>(), model.LogProbs(tokens_BT).sum().item<float>(), 1e-4f);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_single_token_has_no_target_and_no_logprob(bool fused)
    {
        using var scope = NewDisposeScope();
        using var model = TinyConfigs.Model(TinyConfigs.Spark, kernels: fused ? KernelSet.Cpu : KernelSet.Composed);
        var tokens_BT = TinyConfigs.Tokens(model.Config, 2, 1);
        var (nats, targets) = model.Loss(tokens_BT);
        Assert.Equal((0f, 0L), (nats.item<float>(), targets));
        Assert.Equal([2, 0], model.LogProbs(tokens_BT).shape);
    }

    [Fact]
    public void Live_tensors_stay_constant_over_training_steps()
    {
        using var model = TinyConfigs.Model(TinyConfigs.Spark, sparsity: new SparsitySink(2));
        void Step()
        {
            using var scope = NewDisposeScope();
            model.Loss(TinyConfigs.Tokens(model.Config, 2, 16)).Nats.backward();
            using var noGradient = no_grad();
            foreach (var (_, weight) in model.Weights) weight.sub_(weight.grad! * 1e-3);
            model.zero_grad();
        }
        // Tensors that other tests left to the garbage collector must not leave during the count.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        for (int i = 0; i < 3; i++) Step();
        long live = Tensor.TotalCount;
        for (int i = 0; i < 27; i++) Step();
        Assert.Equal(live, Tensor.TotalCount);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Bfloat16_products_stay_near_the_goldens(bool fused)
    {
        // Products of numbers with 8 bits: measured 0.09 on logits up to 8.4. Equal to float32 would mean that nothing was rounded.
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using var golden = new Golden("gemma2-tiny");
        using var model = golden.Model(ScalarType.BFloat16, fused ? KernelSet.Cpu : KernelSet.Composed);
        var logits_BTV = model.call(golden.Tokens_BT, null);
        Assert.Equal(ScalarType.Float32, logits_BTV.dtype);
        Assert.InRange(Deviation.Largest(logits_BTV, golden["logits"]), 1e-3, 0.25);
        var (nats, targets) = model.Loss(golden.Tokens_BT);
        Assert.Equal(golden["loss"].item<float>(), nats.item<float>() / targets, 0.01f);
    }

    // Counts of several passes, put side by side along T: [L, B, H, T].
    private static Tensor Kept(SparsitySink sparsity, Golden golden, IReadOnlyList<int> sizes) => stack(
        [.. Enumerable.Range(0, golden.Config.NumLayers).Select(layer => cat(
            [.. sparsity.KeptByQuery(layer).Zip(sizes, (kept, size) => tensor(kept).view(2, golden.Config.Attention.NumHeads, size))], -1))]);
}
