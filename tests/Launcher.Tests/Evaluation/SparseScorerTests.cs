using SparkTrain.Input;
using SparkTrain.Launcher.Evaluation;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Tests.Evaluation;

public sealed class SparseScorerTests
{
    [Theory]
    [InlineData(), InlineData(0), InlineData(7, 7, 7), InlineData(1, 1, 0, 2, 2, -5)]
    public void Documents_in_one_piece_are_taken(params int[] documents)
    {
        var sequence = new TokenSequence(new long[Math.Max(1, documents.Length)], documents.Length == 0 ? null : Array.ConvertAll(documents, id => (long)id));
        Assert.Same(sequence, SparseScorer.RequireWholeDocuments(sequence, "in.jsonl:3"));
    }

    [Theory]
    [InlineData("document 1 goes on at token 3", 1, 1, 0, 1)]
    [InlineData("document 5 goes on at token 2", 5, 4, 5, 4)]
    public void A_document_that_comes_back_after_another_is_refused(string found, params int[] documents)
    {
        var e = Assert.Throws<DataException>(() => SparseScorer.RequireWholeDocuments(new(new long[documents.Length], Array.ConvertAll(documents, id => (long)id)), "in.jsonl:3"));
        Assert.Equal("in.jsonl:3", e.Where);
        Assert.StartsWith(found, e.Found, StringComparison.Ordinal);
        Assert.Contains("--engine torch", e.Message, StringComparison.Ordinal);
    }
}
