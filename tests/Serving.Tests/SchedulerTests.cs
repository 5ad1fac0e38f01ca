using SparkTrain.Generation;
using SparkTrain.Tokenizers;

namespace SparkTrain.Serving.Tests;

public sealed class SchedulerTests
{
    private static CancellationToken Ends => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_prompt_is_continued_as_it_would_be_alone()
    {
        var random = new Random(5);
        string Text() => new([.. Enumerable.Range(0, random.Next(60)).Select(_ => (char)random.Next('a', 'z'))]);
        var requests = Enumerable.Range(0, 80).Select(i => new GenerationRequest
        {
            Prompt = Alone.Tokens(Text()), MaxTokens = random.Next(1, 40), Choices = random.Next(1, 4), Stops = i % 3 == 0 ? [$"{(char)('a' + i % 26)}{(char)('b' + i % 7)}"] : [],
            Sampling = new() { Temperature = i % 4 == 0 ? 0 : 0.9, TopP = 0.95, RepetitionPenalty = i % 5 == 0 ? 1.2 : 1, Seed = i },
        }).ToList();
        using var decoder = new FakeDecoder();
        var options = new SchedulerOptions { MaxSequences = 7, Queue = 80, CacheTokens = 700, StepTokens = 9 };
        using (var scheduler = Start(decoder, options))
        {
            await Parallel.ForEachAsync(requests, new ParallelOptions { MaxDegreeOfParallelism = 80, CancellationToken = Ends }, async (request, _) =>
            {
                var pieces = await Read(scheduler.Submit([request]));
                for (int choice = 0; choice < request.Choices; choice++)
                {
                    var expected = Alone.Continue(FakeDecoder.Hashed, request.Prompt, request.MaxTokens, request.Sampling with { Seed = request.Sampling.Seed + choice }, [.. request.Stops]);
                    Assert.Equal(expected.Text, string.Concat(pieces.Where(piece => piece.Choice == choice).Select(piece => piece.Text)));
                    var last = pieces.Last(piece => piece.Choice == choice);
                    Assert.Equal((expected.Tokens.Count, expected.Finish == "length"), (last.Tokens, last.Finish == FinishReason.Length));
                }
            });
            Assert.True(await scheduler.DrainAsync(TimeSpan.FromSeconds(5)));
            Assert.Equal(SchedulerLoad.None, scheduler.Load);
        }
        Assert.Equal((0, 0L), (decoder.OpenSequences, decoder.HeldTokens));
    }

    [Fact]
    public async Task A_long_prompt_is_read_in_pieces_beside_the_others_tokens()
    {
        var steps = new List<(int Prompt, int Decoded)>();
        using var decoder = new FakeDecoder { Before = batch => steps.Add((batch.Where(item => item.Sequence.Length < 100).Sum(item => item.Tokens.Length > 1 ? item.Tokens.Length : 0), batch.Count(item => item.Tokens.Length == 1))) };
        using var gate = new Gate(decoder);
        using var scheduler = Start(decoder, new() { StepTokens = 10, CacheTokens = 10_000 });
        var first = scheduler.Submit([Greedy("a", 30)]);
        gate.WaitUntilClosed();
        var second = scheduler.Submit([Greedy(new string('x', 44), 1)]);
        gate.Open();
        await Read(first);
        await Read(second);
        // 45 tokens with the begin token; the first prompt's two before.
        Assert.Equal([9, 9, 9, 9, 9], steps.SkipWhile(step => step.Prompt < 9).TakeWhile(step => step.Prompt > 0).Select(step => step.Prompt));
        Assert.All(steps.SkipWhile(step => step.Prompt < 9).TakeWhile(step => step.Prompt > 0), step => Assert.Equal(1, step.Decoded));
    }

    [Fact]
    public async Task A_prompt_is_read_once_for_all_its_continuations()
    {
        using var decoder = new FakeDecoder();
        using var scheduler = Start(decoder, new());
        await Read(scheduler.Submit([Greedy(new string('q', 99), 3) with { Choices = 4 }]));
        // The last token of a continuation is never read.
        Assert.Equal(100 + 4 * 2, decoder.ReadTokens);
        Assert.Equal(0, decoder.OpenSequences);
    }

    [Fact]
    public async Task Who_came_first_goes_first_even_where_a_later_one_would_fit()
    {
        using var decoder = new FakeDecoder { Model = FakeDecoder.Writes([.. Enumerable.Repeat((byte)'z', 2000)], 2) };
        using var gate = new Gate(decoder);
        // The small one, 4 tokens, fits beside the running one, 61, and not beside the large one, 91: its pieces come after those of the large one, whoever reads them first.
        using var scheduler = Start(decoder, new() { CacheTokens = 94 });
        var order = new List<string>();
        async Task Note(string name, GenerationJob job)
        {
            await foreach (var piece in job.ReadAsync(Ends))
                lock (order)
                    if (!order.Contains(name)) order.Add(name);
        }
        var running = Note("running", scheduler.Submit([Greedy("a", 60)]));
        gate.WaitUntilClosed();
        var large = Note("large", scheduler.Submit([Greedy("b", 90)]));
        var small = Note("small", scheduler.Submit([Greedy("c", 3)]));
        gate.Open();
        await Patience.For(Task.WhenAll(running, large, small), "three continuations", () => { lock (order) return string.Join(", ", order); });
        Assert.Equal(["running", "large", "small"], order);
    }

    [Fact]
    public void What_could_never_have_a_place_is_not_taken()
    {
        var options = new SchedulerOptions { CacheTokens = 100, MaxSequences = 2 };
        Assert.Null(options.Problem(Greedy("a", 99)));
        Assert.Equal("1 × 101 tokens of prompt and continuation; this server has room for 100", options.Problem(Greedy("a", 100)));
        Assert.Equal("2 × 51 tokens of prompt and continuation; this server has room for 100", options.Problem(Greedy("a", 50) with { Choices = 2 }));
        Assert.Equal("3 continuations of a prompt; this server runs at most 2 side by side", options.Problem(Greedy("a", 1) with { Choices = 3 }));
        using var decoder = new FakeDecoder();
        using var scheduler = Start(decoder, options);
        Assert.Throws<ArgumentException>(() => scheduler.Submit([Greedy("a", 100)]));
    }

    [Fact]
    public async Task A_full_queue_takes_all_prompts_of_a_request_or_none()
    {
        using var decoder = new FakeDecoder();
        using var gate = new Gate(decoder);
        using var scheduler = Start(decoder, new() { MaxSequences = 1, Queue = 2 });
        var first = scheduler.Submit([Greedy("a", 3)]);
        gate.WaitUntilClosed();
        var second = scheduler.Submit([Greedy("b", 3)]);
        Assert.Equal(GenerationFailure.QueueFull, Assert.Throws<GenerationException>(() => scheduler.Submit([Greedy("c", 3), Greedy("d", 3)])).Failure);
        var third = scheduler.Submit([Greedy("c", 3)]);
        Assert.Equal(2, scheduler.Load.Waiting);
        gate.Open();
        foreach (var job in (GenerationJob[])[first, second, third]) Assert.NotEmpty(await Read(job));
    }

    [Fact]
    public async Task Cancelled_jobs_leave_at_the_next_step_wherever_they_are_and_free_what_they_hold()
    {
        using var decoder = new FakeDecoder { Model = FakeDecoder.Writes([.. Enumerable.Repeat((byte)'z', 2000)], 2) };
        using var gate = new Gate(decoder);
        using var scheduler = Start(decoder, new() { MaxSequences = 3, StepTokens = 4 });
        var stays = scheduler.Submit([Greedy("a", 20)]);
        gate.WaitUntilClosed();
        GenerationJob[] leave = [scheduler.Submit([Greedy("b", 500)]), scheduler.Submit([Greedy(new string('c', 300), 500)]), scheduler.Submit([Greedy("d", 500)])];
        gate.Step(5);
        Assert.Equal((3, 1), (scheduler.Load.Active, scheduler.Load.Waiting));
        foreach (var job in leave) job.Cancel();
        gate.Step(2);
        Assert.Equal((1, 0, 1), (scheduler.Load.Active, scheduler.Load.Waiting, decoder.OpenSequences));
        gate.Open();
        Assert.Equal(new string('z', 20), string.Concat((await Read(stays)).Select(piece => piece.Text)));
        foreach (var job in leave) await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Read(job));
        Assert.True(await scheduler.DrainAsync(TimeSpan.FromSeconds(5)));
        Assert.Equal((0, 0L), (decoder.OpenSequences, decoder.HeldTokens));
    }

    [Fact]
    public async Task A_slow_reader_pauses_alone_and_is_dropped_in_the_end()
    {
        var time = new ManualTime();
        using var decoder = new FakeDecoder { Model = FakeDecoder.Writes([.. Enumerable.Repeat((byte)'z', 2000)], 2) };
        using var scheduler = new BatchScheduler(decoder, new ByteTokenizer(), new() { ReaderSeconds = 30 }, new(), time: time);
        var slow = scheduler.Submit([Greedy("a", 1000)]);
        var quick = scheduler.Submit([Greedy("b", 1000)]);
        Assert.Equal(1000, (await Read(quick)).Sum(piece => piece.Text.Length));
        Patience.Until(() => scheduler.Load is { Active: 1, HeldTokens: < 200 }, "the slow one is paused after a few pieces, not further");

        // Whoever reads again goes on.
        await using (var reader = slow.ReadAsync(Ends).GetAsyncEnumerator(Ends))
        {
            for (int i = 0; i < 100; i++) Assert.True(await reader.MoveNextAsync());
            Patience.Until(() => scheduler.Load.HeldTokens > 110);
            bool IsDroppedLater()
            {
                time.Advance(TimeSpan.FromSeconds(31));
                return decoder.OpenSequences == 0;
            }
            Patience.Until(IsDroppedLater);
            await Assert.ThrowsAsync<GenerationException>(async () =>
            {
                while (await reader.MoveNextAsync()) { }
            });
        }
        // The job is told before its place is counted as free.
        Patience.Until(() => scheduler.Load.Active == 0);
    }

    private static GenerationRequest Greedy(string prompt, int maxTokens) => new() { Prompt = Alone.Tokens(prompt), MaxTokens = maxTokens, Sampling = new() { Temperature = 0 } };

    private static BatchScheduler Start(FakeDecoder decoder, SchedulerOptions options) => new(decoder, new ByteTokenizer(), options, new());

    private static async Task<List<GenerationPiece>> Read(GenerationJob job)
    {
        var pieces = new List<GenerationPiece>();
        await foreach (var piece in job.ReadAsync(Ends)) pieces.Add(piece);
        return pieces;
    }
}
