namespace SparkTrain.Bench;

/// <summary>What a reader is given: files of a folder by their paths in it.</summary>
internal sealed record FuzzInput(IReadOnlyDictionary<string, byte[]> Files)
{
    /// <summary>One file.</summary>
    public static FuzzInput Of(string name, byte[] bytes) => new(new SortedDictionary<string, byte[]>(StringComparer.Ordinal) { [name] = bytes });

    /// <summary>One file of text.</summary>
    public static FuzzInput Of(string name, string text) => Of(name, System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>The files of a folder and of those below it.</summary>
    public static FuzzInput OfFolder(string folder) => new(new SortedDictionary<string, byte[]>(
        Directory.GetFiles(folder, "*", SearchOption.AllDirectories).ToDictionary(file => Path.GetRelativePath(folder, file), File.ReadAllBytes), StringComparer.Ordinal));

    /// <summary>Bytes of all files.</summary>
    public long Bytes => Files.Values.Sum(file => (long)file.Length);

    /// <summary>Puts the files into a folder, in which nothing else is then.</summary>
    public void Write(string folder)
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        foreach (var (name, bytes) in Files)
        {
            string path = Path.Combine(folder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, bytes);
        }
    }

    /// <summary>Returns a damaged copy, which follows from the inputs and the seed.</summary>
    /// <param name="inputs">What it may be made of.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="seal">Makes checksums and lengths fit what was damaged, or not, so that what lies behind them is read too.</param>
    public static FuzzInput Damaged(IReadOnlyList<FuzzInput> inputs, int seed, Action<IDictionary<string, byte[]>, Random>? seal)
    {
        var random = new Random(seed);
        var mutator = new Mutator(random);
        var files = new SortedDictionary<string, byte[]>(inputs[random.Next(inputs.Count)].Files.ToDictionary(), StringComparer.Ordinal);
        for (int count = 1 + random.Next(8) / 6; count > 0; count--)
        {
            string name = files.Keys.ElementAt(random.Next(files.Count));
            var other = inputs[random.Next(inputs.Count)].Files;
            if (files.Count > 1 && random.Next(24) == 0) files.Remove(name);
            else files[name] = mutator.Mutate(files[name], other.GetValueOrDefault(name) ?? other.Values.ElementAt(random.Next(other.Count)));
        }
        seal?.Invoke(files, random);
        return new(files);
    }
}
