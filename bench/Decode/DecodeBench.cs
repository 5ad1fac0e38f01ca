namespace SparkTrain.Bench;

/// <summary>The sparse decode engine against its dense twin, llama.cpp and the memory's limit; see docs/decoding-benchmark.md.</summary>
internal static class DecodeBench
{
    /// <summary>Runs one part, with settings such as <c>rounds=7</c>.</summary>
    public static int Run(string[] arguments) => arguments switch
    {
        ["model", var output, .. var settings] => DecodeModels.Write(output, new(settings)),
        ["speed", .. var settings] => DecodeSpeed.Run(new(settings)),
        ["prefill", .. var settings] => DecodePrefill.Run(new(settings)),
        ["batch", .. var settings] => DecodeBatch.Run(new(settings)),
        ["quality", .. var settings] => DecodeQuality.Run(new(settings)),
        _ => throw new ArgumentException("bench decode wants model OUTPUT, speed, prefill, batch or quality"),
    };
}
