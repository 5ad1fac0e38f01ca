using System.Globalization;

namespace SparkTrain.Bench;

/// <summary>
/// Batches of sequences on random weights: the speed of our dense model and of Spark, and the neurons that a batch needs together, beside what independent tokens would need; the same
/// neurons of a trained model.
/// </summary>
internal static class DecodeBatch
{
    private const int UnionSamples = 3;

    /// <summary>
    /// <c>[sizes=1,4,16,64] [context=512] [threads=2] [rounds=5] [steps=2] [dense=gemma2-2b] [spark=spark-2b] [model=DIR data=DATASET] [picture=FILE] [busy=keep]</c>.
    /// </summary>
    public static int Run(Settings settings)
    {
        int[] sizes = [.. settings.Ints("sizes", "1,4,16,64").Order()];
        int context = settings.Int("context", 512), threads = settings.Int("threads", Environment.ProcessorCount), rounds = settings.Int("rounds", 5), steps = settings.Int("steps", 2);
        OtherLoad.TryRaisePriority();
        var trained = settings["model", ""] is { Length: > 0 } model ? TrainedUnions.Of(model, settings["data", ""], sizes) : null;
        List<BatchPoint> points = [];
        using (var dense = new BatchSubject(DecodeModels.Shape(settings["dense", DecodeModels.Dense]), threads, sizes[^1], context, steps))
        using (var spark = new BatchSubject(DecodeModels.Shape(settings["spark", DecodeModels.Spark]), threads, sizes[^1], context, steps))
        {
            Print($"batches on random weights, bf16, context {context}, {threads} threads; medians (least–largest)");
            Print($"  {"batch",5}  {"dense tokens/s",-22}{"Spark tokens/s",-22}{"Spark x dense",-20}{"neurons",-10}{"1 − (1 − p)^B",-16}rounds, dropped samples");
            foreach (int batch in sizes)
            {
                dense.Decode(batch, steps);
                spark.Decode(batch, steps);
                var clean = new CleanRounds(rounds, settings["busy", "drop"] == "keep" ? null : new OtherLoad(null));
                double[][] samples = clean.Take([() => dense.Decode(batch, steps), () => spark.Decode(batch, steps)]);
                var point = new BatchPoint(batch, Spread.OfRatios(samples[1], samples[0]), spark.Union(batch, UnionSamples));
                points.Add(point);
                Print($"  {batch,5}  {Text(Spread.Of(samples[0]), "f1"),-22}{Text(Spread.Of(samples[1]), "f1"),-22}{Text(point.Speedup, "f2"),-20}{point.Union.Measured,-10:p1}{point.Union.Independent,-16:p1}{clean.Whole}, {clean.Dropped}");
            }
        }
        if (trained is not null)
        {
            Print($"neurons that a batch of {settings["model", ""]} needs, and in brackets 1 − (1 − p)^B");
            Print($"  {"batch",5}  {"neighbouring tokens of one text",-34}tokens of different texts");
            foreach (var (neighbours, texts) in trained.Neighbours.Zip(trained.Texts))
                Print($"  {neighbours.Batch,5}  {FormattableString.Invariant($"{neighbours.Measured:p1} ({neighbours.Independent:p1})"),-34}{texts.Measured:p1} ({texts.Independent:p1})");
        }
        if (settings["picture", ""] is { Length: > 0 } picture) File.WriteAllText(picture, BatchPicture.Draw($"{settings["spark", DecodeModels.Spark]} over {settings["dense", DecodeModels.Dense]}, bf16, context {context}, {threads} threads", points, trained));
        return 0;
    }

    private static string Text(Spread? spread, string format) => spread?.Text(format) ?? "–";

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}

/// <summary>What was measured of a batch size on random weights.</summary>
/// <param name="Batch">Sequences.</param>
/// <param name="Speedup">Spark's speed over the dense model's.</param>
/// <param name="Union">The neurons that a batch needs.</param>
internal sealed record BatchPoint(int Batch, Spread? Speedup, UnionPoint Union);
