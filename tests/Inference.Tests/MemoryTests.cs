using SparkTrain.Generation;
using SparkTrain.Inference.Tests.Reference;
using SparkTrain.Support;

namespace SparkTrain.Inference.Tests;

/// <summary>What is begun and disposed of leaves nothing behind.</summary>
public sealed class MemoryTests
{
    [Fact]
    public void Sequences_give_back_what_they_took()
    {
        using var weights = new RandomWeights(Shapes.Spark, 1);
        using var engine = SparseEngine.Load(weights, new() { Threads = 1 });
        Decoding.Each(engine, [1, 2, 3]);
        long before = NativeBlock.Held;
        for (int i = 0; i < 200; i++)
        {
            using var sequence = engine.Begin(64);
            Decoding.Last(engine, sequence, [1, 2, 3]);
            using var fork = engine.Fork(sequence, 500);
            fork.Dispose();
        }
        Assert.Equal(before, NativeBlock.Held);
    }

    [Fact]
    public void A_sequence_disposed_of_by_many_threads_is_freed_once()
    {
        using var weights = new RandomWeights(Shapes.Spark, 1);
        using var engine = SparseEngine.Load(weights, new() { Threads = 1 });
        Decoding.Each(engine, [1, 2, 3]);
        long before = NativeBlock.Held;
        for (int i = 0; i < 200; i++)
        {
            var sequence = engine.Begin(64);
            Parallel.Invoke(sequence.Dispose, sequence.Dispose, sequence.Dispose, sequence.Dispose);
        }
        Assert.Equal(before, NativeBlock.Held);
    }

    [Fact]
    public void Engines_give_back_what_they_took_and_do_not_know_each_other()
    {
        long before = NativeBlock.Held;
        using (var weights = new RandomWeights(Shapes.Spark, 1))
        {
            float[][]? expected = null;
            var engines = Enumerable.Range(0, 12).Select(i => SparseEngine.Load(weights, new() { Threads = 1 + i % 3 })).ToArray();
            foreach (var engine in engines)
            {
                float[][] logits = Decoding.Each(engine, [5, 6, 7]);
                Decoding.AssertSameBits(expected ??= logits, logits, "another engine");
            }
            foreach (var engine in engines) engine.Dispose();
        }
        Assert.Equal(before, NativeBlock.Held);
    }

    [Fact]
    public async Task Engines_compute_side_by_side()
    {
        using var weights = new RandomWeights(Shapes.Spark, 1);
        using var first = SparseEngine.Load(weights, new() { Threads = 2 });
        using var second = SparseEngine.Load(weights, new() { Threads = 2 });
        int[] tokens = [.. Enumerable.Range(0, 40)];
        var expected = Decoding.Each(first, tokens);
        foreach (float[][] logits in await Task.WhenAll(((SparseEngine[])[first, second]).Select(engine => Task.Run(() => Decoding.Each(engine, tokens)))))
            Decoding.AssertSameBits(expected, logits, "beside another");
    }

    [Fact]
    public void The_source_may_be_closed_once_the_engine_is_loaded()
    {
        var weights = new RandomWeights(Shapes.Spark, 1);
        using var engine = SparseEngine.Load(weights, new() { Threads = 1 });
        float[][] expected = Decoding.Each(engine, [5, 6, 7]);
        weights.Dispose();
        Decoding.AssertSameBits(expected, Decoding.Each(engine, [5, 6, 7]), "a closed source");
    }

    [Theory, InlineData(FfnKind.Spark, 4), InlineData(FfnKind.Gated, 0)]
    public void A_source_that_fails_leaves_nothing_behind(FfnKind ffn, int screened)
    {
        using var weights = new RandomWeights(Shapes.Of(ffn, AttentionKind.Spark) with { NumLayers = 1 }, 1);
        long before = NativeBlock.Held;
        for (int reads = 0, failures = 1; failures > 0; reads++)
        {
            int left = reads;
            failures = 0;
            using var failing = weights.StoredAs(_ => left-- > 0 ? TensorType.F32 : throw new InvalidTimeZoneException($"{++failures}"));
            var thrown = Record.Exception(() => SparseEngine.Load(failing, new() { Threads = 2, Int8Predictor = true, ScreenedTokens = screened }).Dispose());
            Assert.Equal(failures == 0, thrown is null);
            Assert.Equal(before, NativeBlock.Held);
        }
    }

    [Fact]
    public void A_model_that_does_not_fit_into_memory_is_refused_before_it_is_read()
    {
        var config = Shapes.Spark with { VocabSize = 16_777_216, DModel = 1_048_576 };
        using var weights = new RandomWeights(config, new() { [WeightNames.Embedding] = [0] }, _ => TensorType.F32);
        var thrown = Assert.Throws<InsufficientMemoryException>(() => SparseEngine.Load(weights));
        Assert.Contains("GB", thrown.Message);
    }

    [Fact]
    public void A_steady_token_allocates_nothing_that_lasts()
    {
        using var weights = new RandomWeights(Shapes.Spark, 1);
        using var engine = SparseEngine.Load(weights, new() { Threads = 1 });
        float[] logits = new float[Shapes.Spark.VocabSize];
        int[] token = [1];
        for (int sequences = 0; sequences < 2; sequences++)
        {
            using var sequence = engine.Begin(300);
            NewTokens[] batch = [new(sequence, token)];
            long held = NativeBlock.Held, allocated = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 300; i++) engine.Append(batch, logits);
            if (sequences == 0) continue;   // buffers grow with the first context of such a length
            Assert.Equal(held, NativeBlock.Held);
            Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - allocated) / 300, 0, 4096);
        }
    }
}
