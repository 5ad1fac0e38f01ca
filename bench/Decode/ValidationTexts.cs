using SparkTrain.Data;
using SparkTrain.Input;
using SparkTrain.ModelFormat;

namespace SparkTrain.Bench;

/// <summary>The documents of a data set's validation split.</summary>
internal static class ValidationTexts
{
    /// <summary>Reads them one by one.</summary>
    /// <param name="data">A prepared data set.</param>
    /// <param name="config">The model.</param>
    public static IEnumerable<int[]> Read(string data, ModelConfig config)
    {
        using var dataset = TokenDataset.Open(data);
        if (dataset.Tokenizer.VocabSize > config.VocabSize)
            throw new DataException(data, $"a tokenizer of {dataset.Tokenizer.VocabSize} tokens", $"at most the model's {config.VocabSize}", "use the data set that the model was trained on");
        foreach (var (_, tokens) in dataset.Validation.ReadDocuments(0, dataset.Validation.Documents))
            yield return tokens;
    }
}
