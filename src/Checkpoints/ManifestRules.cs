namespace SparkTrain.Checkpoints;

/// <summary>What holds of every manifest that a checkpoint was published with, beyond the types of its values.</summary>
internal static class ManifestRules
{
    private const int HashDigits = 64;

    /// <summary>Words the first rule that a manifest breaks; null where it breaks none.</summary>
    public static string? FirstBroken(CheckpointManifest manifest) => OfProgress(manifest) ?? OfFiles(manifest) ?? OfTensors(manifest);

    private static string? OfProgress(CheckpointManifest manifest)
    {
        var (step, tokens, nextSample, seconds) = manifest.Progress;
        return step < 0 || tokens < 0 || nextSample < 0 || !(seconds >= 0 && double.IsFinite(seconds)) ? "progress holds a value below zero" : null;
    }

    // The names are known, so that no manifest leads to a file outside the checkpoint.
    private static string? OfFiles(CheckpointManifest manifest)
    {
        if (manifest.WorldSize < 1 || manifest.Files.Count != manifest.WorldSize) return $"it names {manifest.Files.Count} files for {manifest.WorldSize} ranks";
        for (int rank = 0; rank < manifest.WorldSize; rank++)
        {
            string name = CheckpointManifest.ShardName(rank, manifest.WorldSize);
            if (manifest.Files.GetValueOrDefault(name) is not { } file) return $"it names {string.Join(", ", manifest.Files.Keys)}, but no {name}";
            if (file.Bytes < 0) return $"{name} has {file.Bytes} bytes";
            if (file.Sha256 is not { Length: HashDigits } hash || !hash.All(char.IsAsciiHexDigitLower)) return $"{name} has no SHA-256";
        }
        return null;
    }

    private static string? OfTensors(CheckpointManifest manifest)
    {
        foreach (var (name, places) in manifest.Tensors)
        {
            if (places is null or []) return $"{name} has no pieces";
            long next = 0;
            foreach (var place in places)
            {
                if (place?.File is null || !manifest.Files.TryGetValue(place.File, out var file)) return $"{name} lies in {place?.File ?? "no file"}, which is none of its files";
                if (place.Offset < 0 || place.Length <= 0 || place.Length % sizeof(float) != 0 || place.Length > file.Bytes || place.Offset > file.Bytes - place.Length)
                    return $"{name} has {place.Length} bytes at {place.Offset} of {place.File}, which has {file.Bytes}";
                if (place.First != next) return $"a piece of {name} begins with element {place.First} and not with {next}, where the one before ends";
                next += place.Length / sizeof(float);
                // No sum of lengths may overflow where it is trusted.
                if (next > long.MaxValue / sizeof(float) / 2) return $"{name} has {next} elements";
            }
        }
        return null;
    }
}
