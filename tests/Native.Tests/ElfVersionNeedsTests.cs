namespace SparkTrain.Native.Tests;

public sealed class ElfVersionNeedsTests
{
    private const string TooNew = "GLIBCXX_3.4.32";

    // The need that keeps TorchSharp's library from loading on Debian 12, as `readelf --version-info` shows it.
    [Fact]
    public void The_need_of_torchsharps_library_is_found_and_only_it_is_relaxed()
    {
        byte[] elf = File.ReadAllBytes(LibTorch.Probe().TorchSharpLibrary!);
        var before = ElfVersionNeeds.Required(elf);
        Assert.Contains(TooNew, before);
        Assert.Contains("GLIBC_2.34", before);
        byte[] relaxed = [.. elf];
        Assert.Equal(1, ElfVersionNeeds.Relax(relaxed, TooNew));
        Assert.Equal(before.Where(v => v != TooNew), ElfVersionNeeds.Required(relaxed));
        Assert.Equal(1, elf.Zip(relaxed).Count(pair => pair.First != pair.Second));
        Assert.Equal(0, ElfVersionNeeds.Relax(relaxed, "GLIBCXX_9.9"));
    }

    [Fact]
    public void What_is_no_elf_file_is_refused()
    {
        Assert.Throws<InvalidDataException>(() => ElfVersionNeeds.Required([1, 2, 3]));
        Assert.Throws<InvalidDataException>(() => ElfVersionNeeds.Required(new byte[100]));
    }

    [Fact]
    public void Memory_that_can_be_had_is_no_more_than_there_is() => Assert.InRange(MachineMemory.Available(), 1L << 20, MachineMemory.Total());
}
