using System.Globalization;
using SparkTrain.Checkpoints;
using SparkTrain.Inference;
using SparkTrain.ModelFormat;

namespace SparkTrain.Bench;

/// <summary>What lower precision costs: a trained model's loss on validation text, its most probable tokens and its masks, against the same model in float32.</summary>
internal static class DecodeQuality
{
    /// <summary><c>model=DIR data=DATASET [tokens=8192] [screened=40] [threads=2]</c>.</summary>
    public static int Run(Settings settings)
    {
        string model = settings["model", ""], data = settings["data", ""];
        if (model.Length == 0 || data.Length == 0) throw new ArgumentException("bench decode quality wants model=DIR data=DATASET");
        int screened = settings.Int("screened", 40);
        var plain = new EngineOptions { Threads = settings.Int("threads", Environment.ProcessorCount) };
        var (f32, bf16) = (plain with { Weights = TensorType.F32 }, plain with { Weights = TensorType.BF16 });
        List<QualitySubject> subjects = [];
        using (var source = ModelSource.Open(model, skipped: null))
            foreach (var (name, options) in ((string, EngineOptions)[])
            [
                ("f32", f32), ("f32, screened in int8", f32 with { ScreenedTokens = screened }), ("f32, predictor int8", f32 with { Int8Predictor = true }),
                ("bf16", bf16), ("bf16, predictor int8", bf16 with { Int8Predictor = true }), ("bf16, predictor int8, screened in int8", bf16 with { Int8Predictor = true, ScreenedTokens = screened }),
            ]) subjects.Add(new(name, SparseEngine.Load(source.Weights, options)));
        long tokens = Measure(subjects, data, settings.Int("tokens", 8192));
        Print($"{model} on {tokens} validation tokens of {data}; masks as the layers find them, each behind what precision did to the layers before it; screened: {screened} logits exact");
        Print($"  {"weights, keys and values",-42}{"loss, nats a token",-22}{"difference from f32",-26}{"same first token",-20}{"of f32's neurons active",-26}{"of its own in f32",-20}keys kept, x f32's");
        foreach (var subject in subjects) subject.Print(subjects[0]);
        foreach (var subject in subjects) subject.Dispose();
        return 0;
    }

    // Each text up to the length that the model is meant for. All engines read the same tokens side by side, as many at a time as pass through the layers together.
    private static long Measure(List<QualitySubject> subjects, string data, int tokens)
    {
        long measured = 0;
        foreach (int[] text in ValidationTexts.Read(data, subjects[0].Config))
        {
            int length = (int)Math.Min(Math.Min(text.Length, subjects[0].Config.MaxSeqLen), tokens - measured + 1);
            if (length < 2) break;
            foreach (var subject in subjects) subject.Begin(length);
            for (int from = 0; from < length - 1; from += DecodeLimits.MaxRows)
            {
                int some = Math.Min(DecodeLimits.MaxRows, length - 1 - from);
                foreach (var subject in subjects)
                {
                    subject.Read(text.AsSpan(from, some), text.AsSpan(from + 1, some));
                    subject.CompareMasks(subjects[0]);
                }
            }
            measured += length - 1;
        }
        return measured;
    }

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
