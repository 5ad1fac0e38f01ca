using SparkTrain.Input;

namespace SparkTrain.Tokenizers;

/// <summary>Finds the tokenizer that a short description names.</summary>
public static class TokenizerLoader
{
    /// <summary>
    /// Returns the tokenizer that <paramref name="spec"/> describes: <c>byte</c>, a folder with a tokenizer.json, the path of such a file, or
    /// of a .tiktoken file. Throws <see cref="DataException"/> where there is none, or where it uses a feature that is not implemented.
    /// </summary>
    public static ITokenizer Load(string spec)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(spec);
        if (spec == ByteTokenizer.SpecName) return new ByteTokenizer();
        if (TryParseTrained(spec, out _))
            throw new DataException(spec, "a tokenizer that is yet to be trained", "a tokenizer that exists",
                "let `prepare --tokenizer " + spec + "` train it, then name the folder `tokenizer` inside the data set");
        var path = Directory.Exists(spec) ? Path.Combine(spec, TokenizerFiles.Definition) : spec;
        if (!File.Exists(path))
            throw new DataException(path, "there is no such file", "a tokenizer.json",
                "give `byte`, `bpe:N` (prepare only), a folder that holds tokenizer.json, or a .tiktoken file");
        return path.EndsWith(TiktokenFile.Ending, StringComparison.OrdinalIgnoreCase) ? TiktokenFile.Open(path) : TokenizerFiles.Read(path);
    }

    /// <summary>Loads the tokenizer of a model, with the end tokens that its generation_config.json names.</summary>
    /// <param name="folder">The folder that holds it.</param>
    /// <param name="modelVocabSize">Rows of the model's embedding.</param>
    /// <exception cref="DataException">There is none that can be used, or it has more tokens than the model.</exception>
    public static ITokenizer LoadFor(string folder, int modelVocabSize)
    {
        var loaded = Load(folder);
        return loaded.VocabSize <= modelVocabSize ? EndTokens.Of(loaded, folder, modelVocabSize)
            : throw new DataException(folder, $"a tokenizer of {loaded.VocabSize} tokens", $"at most the model's {modelVocabSize}", "use the tokenizer that the model was trained with");
    }

    /// <summary>Recognises <c>bpe:N</c>, a byte-level BPE tokenizer of N pieces in all that prepare trains.</summary>
    public static bool TryParseTrained(string spec, out int vocabSize)
    {
        vocabSize = 0;
        return spec.StartsWith("bpe:", StringComparison.Ordinal) && int.TryParse(spec.AsSpan(4), out vocabSize);
    }
}
