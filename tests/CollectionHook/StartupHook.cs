/// <summary>Collects garbage every millisecond beside a program that is started with DOTNET_STARTUP_HOOKS set to this assembly.</summary>
internal static class StartupHook
{
    /// <summary>Starts the thread that collects; .NET calls it before Main.</summary>
    public static void Initialize() => new Thread(Collect) { IsBackground = true }.Start();

    private static void Collect()
    {
        while (true)
        {
            Thread.Sleep(1);
            GC.Collect(0, GCCollectionMode.Forced, blocking: true);
        }
    }
}
