namespace SparkTrain.Bench;

/// <summary>The sparse decode engine against its dense twin, llama.cpp and the memory's limit; see docs/decoding-benchmark.md.</summary>
internal static class DecodeBench
{
    /// <summary>Runs one part, with settings such as <c>rounds=7</c>.</summary>
    public static int Run(string[] arguments) => arguments switch
    {
        ["model", var output, .. var settings] => DecodeModels.Write(output, new(settings)),
        ["try", var gguf, .. var settings] => Try(gguf, settings),
        _ => throw new ArgumentException("bench decode wants model OUTPUT, speed, prefill, batch or quality"),
    };

    private static int Try(string gguf, string[] options)
    {
        using var limit = new MemoryLimit();
        Console.WriteLine($"limit {limit.BytesPerSecond(1)/1e9:f1} {limit.BytesPerSecond(2)/1e9:f1} {limit.BytesPerSecond(1)/1e9:f1} {limit.BytesPerSecond(2)/1e9:f1}");
        var watch = System.Diagnostics.Stopwatch.StartNew();
        using var peer = new LlamaPeer(gguf, 4200, options);
        Console.WriteLine($"loaded {watch.Elapsed.TotalSeconds:f1}");
        foreach (int c in (int[])[512])
        {
            watch.Restart(); peer.Fill(c); Console.WriteLine($"fill {c} {watch.Elapsed.TotalSeconds:f1}");
            for (int r = 0; r < 3; r++)
                foreach (int t in (int[])[1, 2])
                {
                    double l = limit.BytesPerSecond(t);
                    var s = peer.Decode(4, t);
                    Console.WriteLine($"  {string.Join(' ', options)} ctx {c} threads {t}: limit {l/1e9:f1} decode {4/s:f2} tok/s; cpu {peer.CpuTime.TotalSeconds:f1}");
                }
        }
        Console.WriteLine($"prefill {512 / peer.Prefill(512, 2):f1} {512 / peer.Prefill(512, 2):f1}");
        return 0;
    }
}
