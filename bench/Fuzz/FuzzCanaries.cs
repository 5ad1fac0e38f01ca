namespace SparkTrain.Bench;

/// <summary>Readers that do what no reader may, to show that it is found: <c>bench fuzz readers=throws</c>. Of an undamaged input they say nothing.</summary>
internal static class FuzzCanaries
{
    private const string Text = "a text that nobody has damaged yet";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<FuzzReader> All { get; } =
    [
        Of("throws", bytes => GC.KeepAlive(bytes[bytes.Length])),
        Of("hangs", _ => Thread.Sleep(Timeout.Infinite)),
        Of("recurses", bytes => Recurse(bytes, 1)),
        Of("allocates", bytes => GC.KeepAlive(new byte[(200 << 20) + bytes.Length])),
        Of("exhausts", bytes => GC.KeepAlive(Enumerable.Range(0, 1000).Select(_ => new byte[100 << 20]).ToArray())),
    ];

    private static FuzzReader Of(string name, Action<byte[]> fail) => new(name, _ => [FuzzInput.Of("file", Text)], folder =>
    {
        byte[] bytes = File.ReadAllBytes(Path.Combine(folder, "file"));
        if (!bytes.AsSpan().SequenceEqual(System.Text.Encoding.UTF8.GetBytes(Text))) fail(bytes);
    });

    private static int Recurse(byte[] bytes, int depth) => depth == 0 ? 0 : Recurse(bytes, depth + 1) + depth;
}
