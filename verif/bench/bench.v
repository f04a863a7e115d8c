// Test bench of an emitted accelerator for event-driven simulators (Icarus Verilog, -g2005): the same vectors and the same
// normative memory as bench.cpp. Memories and registers without reset start as X here, and read data are X while they are
// not valid: no X may reach a control output, an address, or a byte of a stored map (but those behind the last logits: words
// of channels that no unit computes are stored as they stand in the output buffer).
//   +vectors=FOLDER  +pictures=N  +stall=SEED (random delays on all channels)  +vcd=FILE (waveforms)
// DRAM_BYTES and BYTES (of a beat) must be what program.txt names. Prints one line a layer and at the end PASS or FAIL.
`timescale 1ns/1ps
module bench;
    parameter DRAM_BYTES = 65536;
    parameter BYTES      = 16;       // of a beat
    localparam QUEUE = 1024;         // bursts under way, at most

    reg clk, rst_n;
    reg         aw_valid, w_valid;
    reg  [7:0]  aw_addr;
    reg  [31:0] w_data;
    reg         arready, rvalid, rlast, awready, wready, bvalid;
    reg  [BYTES*8-1:0] rdata;
    wire        awready_s, wready_s, bvalid_s, arready_s, rvalid_s;
    wire [31:0] rdata_s;
    wire        arvalid, rready, awvalid, wvalid, wlast, bready, busy, done, layer_done;
    wire [31:0] araddr, awaddr;
    wire [7:0]  arlen, awlen;
    wire [BYTES*8-1:0] wdata;
    wire [BYTES-1:0]   wstrb;

    dna_top u_top (
        .clk(clk), .rst_n(rst_n),
        .s_axil_awvalid(aw_valid), .s_axil_awready(awready_s), .s_axil_awaddr(aw_addr), .s_axil_wvalid(w_valid),
        .s_axil_wready(wready_s), .s_axil_wdata(w_data), .s_axil_bvalid(bvalid_s), .s_axil_bready(1'b1),
        .s_axil_arvalid(1'b0), .s_axil_arready(arready_s), .s_axil_araddr(8'd0), .s_axil_rvalid(rvalid_s),
        .s_axil_rready(1'b1), .s_axil_rdata(rdata_s), .s_axil_awprot(3'd0), .s_axil_wstrb(4'hf), .s_axil_bresp(),
        .s_axil_arprot(3'd0), .s_axil_rresp(),
        .m_axi_arvalid(arvalid), .m_axi_arready(arready), .m_axi_araddr(araddr), .m_axi_arlen(arlen),
        .m_axi_rvalid(rvalid), .m_axi_rready(rready), .m_axi_rdata(rdata), .m_axi_rlast(rlast),
        .m_axi_awvalid(awvalid), .m_axi_awready(awready), .m_axi_awaddr(awaddr), .m_axi_awlen(awlen),
        .m_axi_wvalid(wvalid), .m_axi_wready(wready), .m_axi_wdata(wdata), .m_axi_wstrb(wstrb), .m_axi_wlast(wlast),
        .m_axi_rresp(2'b00), .m_axi_bresp(2'b00),
        .m_axi_bvalid(bvalid), .m_axi_bready(bready), .m_axi_arid(), .m_axi_arsize(), .m_axi_arburst(), .m_axi_arcache(),
        .m_axi_arprot(), .m_axi_awid(), .m_axi_awsize(), .m_axi_awburst(), .m_axi_awcache(), .m_axi_awprot(),
        .busy_o(busy), .done_o(done), .layer_done_o(layer_done));

    // ---- Files.
    reg [8*256-1:0] folder, vcd, name;
    reg [8*32-1:0]  key;
    integer program_file, image_file, ram_file, descriptor_base, care_file, expected_file, input_file, code;
    integer pictures, stall, seed, value, address, bytes, descriptors;
    integer input_address, input_bytes, read_latency, write_latency, patience, keep;
    reg [7:0] dram [0:DRAM_BYTES-1];

    function integer open_file(input [8*32-1:0] file);
        reg [8*300-1:0] path;
        begin
            $sformat(path, "%0s/%0s", folder, file);
            open_file = $fopen(path, "rb");
            if (open_file == 0) begin
                $display("bench: can't read %0s", path);
                $display("FAIL");
                $finish;
            end
        end
    endfunction

    // ---- Counts.
    integer cycle, start_cycle, done_cycle, last_beat, done_seen, unknown, errors, i;

    task complain(input [8*48-1:0] what);
        begin
            errors = errors + 1;
            if (errors <= 10) $display("bench: cycle %0d: %0s", cycle, what);
        end
    endtask
    task known(input bits, input [8*48-1:0] what);
        if (bits === 1'bx || bits === 1'bz) begin
            unknown = unknown + 1;
            if (unknown <= 10) $display("bench: cycle %0d: X on %0s", cycle, what);
        end
    endtask

    // ---- Memory: bursts wait in circular queues.
    reg [31:0] read_address [0:QUEUE-1], write_address [0:QUEUE-1];
    integer read_beats [0:QUEUE-1], read_ready [0:QUEUE-1], write_beats [0:QUEUE-1], answer [0:QUEUE-1];
    integer read_head, read_tail, write_head, write_tail, answer_head, answer_tail;
    reg ar_waits, aw_waits, w_waits;
    reg [39:0] ar_before, aw_before;
    reg [BYTES*9:0] w_before;
    wire [39:0] ar_now = {araddr, arlen};
    wire [39:0] aw_now = {awaddr, awlen};
    wire [BYTES*9:0] w_now = {wlast, wstrb, wdata};

    function integer delayed(input integer most);
        delayed = stall != 0 ? $unsigned($random(seed)) % most : 0;
    endfunction
    function go(input integer one_in);
        go = stall == 0 || $unsigned($random(seed)) % one_in != 0;
    endfunction

    task check_burst(input [31:0] from, input integer beats);
        begin
            if (from % BYTES != 0) complain("an address is not a multiple of a beat");
            if (from / 4096 != (from + beats * BYTES - 1) / 4096) complain("a burst crosses 4 KiB");
            if (from + beats * BYTES > DRAM_BYTES) complain("a burst beyond the memory");
        end
    endtask

    task check_known;
        begin
            known(^{awready_s, wready_s, bvalid_s, arready_s, rvalid_s}, "an AXI-Lite handshake");
            known(^{arvalid, rready, awvalid, wvalid, bready}, "an AXI handshake");
            known(^{busy, done, layer_done}, "busy, done or layer_done");
            if (arvalid === 1'b1) known(^ar_now, "AR");
            if (awvalid === 1'b1) known(^aw_now, "AW");
            if (wvalid === 1'b1) known(^{wlast, wstrb}, "WLAST or WSTRB");
        end
    endtask

    task check_stable;
        begin
            if (ar_waits && (arvalid !== 1'b1 || ar_now !== ar_before)) complain("AR changed while it waited");
            if (aw_waits && (awvalid !== 1'b1 || aw_now !== aw_before)) complain("AW changed while it waited");
            if (w_waits && (wvalid !== 1'b1 || w_now !== w_before)) complain("W changed while it waited");
            ar_waits = arvalid === 1'b1 && !arready;
            aw_waits = awvalid === 1'b1 && !awready;
            w_waits  = wvalid === 1'b1 && !wready;
            ar_before = ar_now;
            aw_before = aw_now;
            w_before  = w_now;
        end
    endtask

    task take_write_beat;
        begin
            if (write_head == write_tail) complain("data before their address");
            else begin
                for (i = 0; i < BYTES; i = i + 1)
                    if (wstrb[i] === 1'b1) dram[write_address[write_head % QUEUE] + i] = wdata[8*i +: 8];
                write_address[write_head % QUEUE] = write_address[write_head % QUEUE] + BYTES;
                write_beats[write_head % QUEUE]   = write_beats[write_head % QUEUE] - 1;
                if ((write_beats[write_head % QUEUE] == 0) !== wlast) complain("WLAST is wrong");
                if (write_beats[write_head % QUEUE] == 0) begin
                    write_head = write_head + 1;
                    answer[answer_tail % QUEUE] = cycle + write_latency + delayed(30);
                    answer_tail = answer_tail + 1;
                end
            end
            last_beat = cycle;
        end
    endtask

    // What the accelerator shows before the edge meets what the memory showed.
    task sample;
        begin
            check_known;
            check_stable;
            if (arvalid === 1'b1 && arready) begin
                check_burst(araddr, arlen + 1);
                read_address[read_tail % QUEUE] = araddr;
                read_beats[read_tail % QUEUE]   = arlen + 1;
                read_ready[read_tail % QUEUE]   = cycle + read_latency + delayed(30);
                read_tail = read_tail + 1;
            end
            if (rvalid && rready === 1'b1) begin
                read_address[read_head % QUEUE] = read_address[read_head % QUEUE] + BYTES;
                read_beats[read_head % QUEUE]   = read_beats[read_head % QUEUE] - 1;
                if (read_beats[read_head % QUEUE] == 0) read_head = read_head + 1;
                last_beat = cycle;
                keep = 0;
            end
            if (awvalid === 1'b1 && awready) begin
                check_burst(awaddr, awlen + 1);
                write_address[write_tail % QUEUE] = awaddr;
                write_beats[write_tail % QUEUE]   = awlen + 1;
                write_tail = write_tail + 1;
            end
            if (wvalid === 1'b1 && wready) take_write_beat;
            if (bvalid && bready === 1'b1) answer_head = answer_head + 1;
            if (layer_done === 1'b1) begin
                done_seen  = done_seen + 1;
                done_cycle = cycle;
            end
        end
    endtask

    // Values for the next cycle; data that were offered stay.
    task drive;
        begin
            if (read_head != read_tail && read_ready[read_head % QUEUE] <= cycle + 1 && (keep != 0 || go(4))) begin
                rvalid <= 1'b1;
                rlast  <= read_beats[read_head % QUEUE] == 1;
                for (i = 0; i < BYTES; i = i + 1) rdata[8*i +: 8] <= dram[read_address[read_head % QUEUE] + i];
                keep = 1;
            end else begin
                rvalid <= 1'b0;
                rlast  <= 1'bx;
                rdata  <= {BYTES*8{1'bx}};
            end
            arready <= go(3);
            awready <= go(3);
            wready  <= go(3);
            bvalid  <= answer_head != answer_tail && answer[answer_head % QUEUE] <= cycle + 1;
        end
    endtask

    task tick;
        begin
            #5 sample;
            drive;
            clk = 1'b1;
            #5 clk = 1'b0;
            cycle = cycle + 1;
        end
    endtask

    task write_csr(input [7:0] register, input [31:0] data);
        begin
            aw_valid = 1'b1;
            w_valid  = 1'b1;
            aw_addr  = register;
            w_data   = data;
            tick;
            start_cycle = cycle;
            aw_valid = 1'b0;
            w_valid  = 1'b0;
            tick;
            tick;
        end
    endtask

    // ---- Pictures.
    integer mismatches, total, picture, layer, layers, wanted, care;
    task wait_for_layer;
        while (descriptors > 0 && errors == 0) begin
            while (done_seen == 0 && errors == 0) begin
                tick;
                if (cycle - last_beat > patience) complain("no beat on the bus for a long time");
            end
            done_seen   = done_seen - 1;
            descriptors = descriptors - 1;
        end
    endtask

    task compare_layer;
        begin
            mismatches = 0;
            for (value = 0; value < bytes; value = value + 1) begin
                care   = $fgetc(care_file);
                wanted = $fgetc(expected_file);
                if (^dram[address + value] === 1'bx && (care != 0 || layer != layers)) known(1'bx, "a byte of a map");
                if (((dram[address + value] ^ wanted[7:0]) & care[7:0]) !== 8'd0) begin
                    if (mismatches == 0)
                        $display("bench: %0s: byte %0d is %h, expected %h", name, value, dram[address + value], wanted[7:0]);
                    mismatches = mismatches + 1;
                end
            end
            total = total + mismatches;
            $display("picture %0d layer %0s cycles %0d mismatches %0d", picture, name, done_cycle - start_cycle, mismatches);
        end
    endtask

    // `start_cycle` is that of the start: nothing else is written to the CSRs meanwhile.
    task run_picture;
        begin
            for (value = 0; value < input_bytes; value = value + 1) dram[input_address + value] = $fgetc(input_file);
            last_beat = cycle;
            write_csr(8'h08, 32'd1);
            code = $fseek(program_file, 0, 0);
            code = $fseek(care_file, 0, 0);
            layer = 0;
            for (code = $fscanf(program_file, "%s", key); code == 1 && errors == 0; code = $fscanf(program_file, "%s", key))
                if (key == "layer") begin
                    layer = layer + 1;
                    code = $fscanf(program_file, "%s %d %d %d", name, descriptors, address, bytes);
                    wait_for_layer;
                    if (errors == 0) compare_layer;
                end
            while (done !== 1'b1 && errors == 0) tick;
        end
    endtask

    task read_program;
        begin
            for (code = $fscanf(program_file, "%s", key); code == 1; code = $fscanf(program_file, "%s", key)) begin
                if (key == "layer") layers = layers + 1;
                if (key == "dram") begin
                    code = $fscanf(program_file, "%d", value);
                    if (value > DRAM_BYTES) complain("DRAM_BYTES is smaller than the program's memory");
                end
                if (key == "beat") begin
                    code = $fscanf(program_file, "%d", value);
                    if (value != BYTES) complain("BYTES is not the width of the program's data bus");
                end
                if (key == "descriptor_base") code = $fscanf(program_file, "%d", descriptor_base);
                if (key == "input") code = $fscanf(program_file, "%d %d", input_address, input_bytes);
                if (key == "latency") code = $fscanf(program_file, "%d %d", read_latency, write_latency);
                if (key == "patience") code = $fscanf(program_file, "%d", patience);
            end
        end
    endtask

    task read_image;
        begin
            for (value = 0; value < DRAM_BYTES; value = value + 1) dram[value] = 8'd0;
            value = 0;
            for (code = $fgetc(image_file); code >= 0; code = $fgetc(image_file)) begin
                dram[value] = code;
                value = value + 1;
            end
        end
    endtask

    // The chip's descriptor RAM, where descriptors.bin holds any: words of 32 bits, little-endian; the address counts on.
    task write_ram;
        begin
            code = $fgetc(ram_file);
            if (code >= 0) write_csr(8'h14, 32'd0);
            while (code >= 0) begin
                value = code;
                for (i = 8; i < 32; i = i + 8) value = value | ($fgetc(ram_file) << i);
                write_csr(8'h18, value);
                code = $fgetc(ram_file);
            end
        end
    endtask

    task reset;
        begin
            clk   = 1'b0;
            rst_n = 1'b0;
            {aw_valid, w_valid, arready, rvalid, awready, wready, bvalid} = 7'd0;
            repeat (4) begin
                #5 clk = 1'b1;
                #5 clk = 1'b0;
            end
            rst_n = 1'b1;
            repeat (4) tick;
            write_ram;
            write_csr(8'h0c, descriptor_base);
        end
    endtask

    initial begin
        {cycle, start_cycle, done_cycle, last_beat, done_seen, unknown, errors, total, keep, layers} = 0;
        {read_head, read_tail, write_head, write_tail, answer_head, answer_tail} = 0;
        {ar_waits, aw_waits, w_waits} = 3'd0;
        folder    = "vectors";
        pictures  = 1;
        stall     = 0;
        patience  = 100000;
        descriptors = 0;
        descriptor_base = 0;
        code = $value$plusargs("vectors=%s", folder);
        code = $value$plusargs("pictures=%d", pictures);
        code = $value$plusargs("stall=%d", stall);
        seed = stall;
        if ($value$plusargs("vcd=%s", vcd)) begin
            $dumpfile(vcd);
            $dumpvars(0, u_top);
        end
        program_file  = open_file("program.txt");
        image_file    = open_file("image.bin");
        ram_file      = open_file("descriptors.bin");
        care_file     = open_file("care.bin");
        input_file    = open_file("inputs.bin");
        expected_file = open_file("expected.bin");
        read_program;
        read_image;
        reset;
        for (picture = 0; picture < pictures && errors == 0; picture = picture + 1) run_picture;
        $display("%0d pictures, %0d mismatches, %0d unknown values, %0d errors", pictures, total, unknown, errors);
        if (total == 0 && unknown == 0 && errors == 0) $display("PASS");
        else $display("FAIL");
        $finish;
    end
endmodule
